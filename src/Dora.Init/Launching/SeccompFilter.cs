using System.Buffers.Binary;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>
/// Assembles a filter for seccomp(2) in classic BPF. It sees struct seccomp_data: the call's number at 0, the
/// architecture at 4.
///
/// <code>
/// another architecture (32-bit calls have other numbers)   -> kill
/// one of the allowed numbers                               -> allow
/// a number beyond SystemCallName.End                       -> ENOSYS, so that a libc tries the older call
/// else, x32 numbers (bit 30) too                           -> EPERM or kill
/// </code>
///
/// Allowed numbers that follow one another make one range of three instructions, ranges in rising order: a number
/// below a range is in a gap. Jumps go one range far, so that 8 bits are enough whatever is allowed. The kernel
/// remembers the verdicts of a filter like this one by number (Linux 5.11): its length costs nothing at run time.
/// </summary>
internal static class SeccompFilter
{
    public const int Size = 8; // of an instruction

    private const int OffsetOfNumber = 0, OffsetOfArchitecture = 4;
    private const uint FirstX32 = 0x40000000;

    /// <param name="allowed">Numbers, sorted.</param>
    /// <param name="kills">Whether another call ends the process; else it fails with EPERM.</param>
    public static byte[] Assemble(IReadOnlyList<int> allowed, bool kills)
    {
        uint denied = kills ? Libc.SECCOMP_RET_KILL_PROCESS : Libc.SECCOMP_RET_ERRNO | (uint)Errno.EPERM;
        // At most a range for each number; ten instructions around them.
        var code = new byte[(allowed.Count * 3 + 10) * Size];
        int length = 0;

        Add(Libc.BPF_LD_W_ABS, OffsetOfArchitecture);
        Add(Libc.BPF_JMP_JEQ_K, Libc.AUDIT_ARCH_X86_64, whenTrue: 1);
        Add(Libc.BPF_RET_K, Libc.SECCOMP_RET_KILL_PROCESS);
        Add(Libc.BPF_LD_W_ABS, OffsetOfNumber);
        for (int i = 0; i < allowed.Count;)
        {
            int first = allowed[i], last = first;
            for (i++; i < allowed.Count && allowed[i] == last + 1; i++) last++;
            Add(Libc.BPF_JMP_JGE_K, (uint)first, whenFalse: 2); // in the gap before it: on, to where all are too large
            Add(Libc.BPF_JMP_JGT_K, (uint)last, whenTrue: 1);
            Add(Libc.BPF_RET_K, Libc.SECCOMP_RET_ALLOW);
        }
        Add(Libc.BPF_JMP_JGE_K, FirstX32, whenTrue: 2);
        Add(Libc.BPF_JMP_JGE_K, SystemCallName.End, whenFalse: 1);
        Add(Libc.BPF_RET_K, Libc.SECCOMP_RET_ERRNO | (uint)Errno.ENOSYS);
        Add(Libc.BPF_RET_K, denied);

        return code.AsSpan(0, length).ToArray();

        // struct sock_filter
        void Add(int operation, uint operand, byte whenTrue = 0, byte whenFalse = 0)
        {
            var at = code.AsSpan(length, Size);
            BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)operation);
            at[2] = whenTrue;
            at[3] = whenFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], operand);
            length += Size;
        }
    }
}
