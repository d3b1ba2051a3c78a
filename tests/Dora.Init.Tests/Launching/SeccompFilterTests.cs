using System.Buffers.Binary;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Xunit;

namespace Dora.Init.Tests.Launching;

/// <summary>The filter as the kernel runs it: an interpreter of the few instructions that it uses, over all numbers.</summary>
public class SeccompFilterTests
{
    private const uint Denied = Libc.SECCOMP_RET_ERRNO | (uint)Errno.EPERM, Missing = Libc.SECCOMP_RET_ERRNO | (uint)Errno.ENOSYS;

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0 })]
    [InlineData(new[] { 0, 1, 2, 5, 7, 8, 334, 424, 450 })]
    [InlineData(new[] { 466 })]
    public void Allowed_numbers_pass_and_all_others_do_not(int[] allowed)
    {
        foreach (bool kills in new[] { false, true })
        {
            byte[] filter = SeccompFilter.Assemble(allowed, kills);
            for (uint number = 0; number < 1000; number++)
            {
                uint expected = allowed.Contains((int)number) ? Libc.SECCOMP_RET_ALLOW
                    : number >= SystemCallName.End ? Missing
                    : kills ? Libc.SECCOMP_RET_KILL_PROCESS : Denied;
                Assert.Equal((number, expected), (number, Run(filter, Libc.AUDIT_ARCH_X86_64, number)));
            }
        }
    }

    [Fact]
    public void Random_sets_are_kept_to()
    {
        var random = new Random(20265);
        for (int round = 0; round < 200; round++)
        {
            int[] allowed = [.. Enumerable.Range(0, SystemCallName.End).Where(_ => random.Next(1 + round % 7) == 0)];
            var set = allowed.ToHashSet();
            byte[] filter = SeccompFilter.Assemble(allowed, kills: false);
            for (uint number = 0; number < SystemCallName.End; number++)
                Assert.Equal(set.Contains((int)number), Run(filter, Libc.AUDIT_ARCH_X86_64, number) == Libc.SECCOMP_RET_ALLOW);
        }
    }

    [Theory]
    [InlineData(0x40000003u)] // i386
    [InlineData(0xC00000B7u)] // arm64
    [InlineData(0u)]
    public void Another_architecture_is_killed(uint architecture) =>
        Assert.Equal(Libc.SECCOMP_RET_KILL_PROCESS, Run(SeccompFilter.Assemble([0, 1], kills: false), architecture, 0));

    [Theory]
    [InlineData(0x40000000u)] // x32's read: the same call by another number
    [InlineData(0xFFFFFFFFu)]
    public void Numbers_of_x32_are_denied(uint number) =>
        Assert.Equal(Denied, Run(SeccompFilter.Assemble([0, 1], kills: false), Libc.AUDIT_ARCH_X86_64, number));

    [Fact]
    public void All_calls_in_every_other_place_are_not_too_many_for_the_kernel()
    {
        byte[] filter = SeccompFilter.Assemble([.. Enumerable.Range(0, SystemCallName.End).Where(number => number % 2 == 0)], kills: false);
        Assert.True(filter.Length / SeccompFilter.Size < 4096); // BPF_MAXINSNS
    }

    private static uint Run(byte[] filter, uint architecture, uint number)
    {
        uint accumulator = 0;
        for (int at = 0; ; at++)
        {
            Assert.True((at + 1) * SeccompFilter.Size <= filter.Length, "it ran off the end");
            var instruction = filter.AsSpan(at * SeccompFilter.Size);
            uint operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case Libc.BPF_LD_W_ABS:
                    accumulator = operand switch { 0 => number, 4 => architecture, _ => throw new InvalidOperationException("loads something else") };
                    break;
                case Libc.BPF_JMP_JEQ_K:
                    at += accumulator == operand ? instruction[2] : instruction[3];
                    break;
                case Libc.BPF_JMP_JGT_K:
                    at += accumulator > operand ? instruction[2] : instruction[3];
                    break;
                case Libc.BPF_JMP_JGE_K:
                    at += accumulator >= operand ? instruction[2] : instruction[3];
                    break;
                case Libc.BPF_RET_K:
                    return operand;
                default:
                    throw new InvalidOperationException("an instruction that it should not have");
            }
        }
    }
}
