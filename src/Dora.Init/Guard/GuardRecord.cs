using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>
/// What guard and manager say to each other, over a SOCK_SEQPACKET pair: one record of fixed size a message, a
/// descriptor beside it where the kind says so. Both ends come from the same executable or from two versions of it
/// (an upgrade replaces one before the other), so kinds and offsets never change their meaning; new kinds are added.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal unsafe struct GuardRecord
{
    /// <summary>192: launch and upgrade rely on it, and ABI tests check it.</summary>
    public static int Size => sizeof(GuardRecord);

    private const int NameSize = 144;

    /// <summary>Bytes of the longest name.</summary>
    public const int LongestName = NameSize - 1;

    public GuardMessage Kind;
    public int Pid;

    /// <summary>Exited: CLD_EXITED, CLD_KILLED or CLD_DUMPED. Signal: its number. End: the <see cref="MachineEnd"/>.</summary>
    public int Code;

    /// <summary>Exited: exit code or signal number. Ending: deadline in milliseconds from now.</summary>
    public int Status;

    public long UserMicroseconds, SystemMicroseconds, MaxRssKb;
    private long _reserved;
    private fixed byte _name[NameSize];

    public string Name
    {
        get
        {
            fixed (byte* p = _name)
            {
                var bytes = new ReadOnlySpan<byte>(p, NameSize);
                int end = bytes.IndexOf((byte)0);
                return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
            }
        }
        set
        {
            fixed (byte* p = _name)
            {
                var bytes = new Span<byte>(p, NameSize);
                bytes.Clear();
                if (Encoding.UTF8.GetByteCount(value) >= NameSize) throw new ArgumentException($"name too long: {value}");
                Encoding.UTF8.GetBytes(value, bytes);
            }
        }
    }

    /// <summary>The whole name as bytes: compared by the guard without making strings.</summary>
    public readonly bool HasSameName(in GuardRecord other)
    {
        fixed (byte* mine = _name)
        fixed (byte* theirs = other._name)
            return new ReadOnlySpan<byte>(mine, NameSize).SequenceEqual(new ReadOnlySpan<byte>(theirs, NameSize));
    }

    /// <summary>The same for records of the same name.</summary>
    public readonly int NameHash
    {
        get
        {
            uint hash = 2166136261; // FNV-1a
            fixed (byte* mine = _name)
                for (int i = 0; i < NameSize && mine[i] != 0; i++) hash = (hash ^ mine[i]) * 16777619;
            return (int)hash;
        }
    }

    public readonly bool NameStartsWith(ReadOnlySpan<byte> prefix)
    {
        fixed (byte* mine = _name) return new ReadOnlySpan<byte>(mine, NameSize).StartsWith(prefix);
    }

    /// <summary>As <see cref="Send"/>, waiting for room in the channel until <paramref name="deadline"/>; then ETIMEDOUT.</summary>
    public static Errno SendBefore(TimeSpan deadline, FileDescriptor channel, in GuardRecord record, FileDescriptor? passed = null)
    {
        while (true)
        {
            var errno = Send(channel, record, passed, Libc.MSG_DONTWAIT);
            if (errno != Errno.EAGAIN) return errno;
            if (Sys.TimeSinceBoot() >= deadline) return Errno.ETIMEDOUT;
            Span<Libc.pollfd> fds = [new Libc.pollfd { fd = channel.Number, events = (short)Libc.EPOLLOUT }];
            _ = Sys.Poll(fds, deadline);
        }
    }

    public static Errno Send(FileDescriptor channel, in GuardRecord record, FileDescriptor? passed = null, int flags = 0)
    {
        fixed (GuardRecord* p = &record) return Sys.Send(channel, new ReadOnlySpan<byte>(p, Size), passed, flags);
    }

    /// <summary>EPIPE when the other end is gone, EPROTO for what is not a record. A descriptor comes in <paramref name="closed"/>, if that is given.</summary>
    public static Errno Receive(FileDescriptor channel, out GuardRecord record, out FileDescriptor? passed, int flags = 0, FileDescriptor? closed = null)
    {
        record = default;
        fixed (GuardRecord* p = &record)
        {
            var errno = Sys.Receive(channel, new Span<byte>(p, Size), out int count, out passed, flags, closed);
            if (errno != Errno.None) return errno;
            if (count == Size) return Errno.None;
            passed?.Dispose();
            return count == 0 ? Errno.EPIPE : Errno.EPROTO;
        }
    }
}

internal enum GuardMessage
{
    /// <summary>Guard to manager, with a descriptor: one of the store, after a restart.</summary>
    Restored = 1,

    /// <summary>Guard to manager: the store is complete; Status tells how many managers there were before.</summary>
    StoreComplete = 2,

    /// <summary>Guard to manager: a child of PID 1 has ended. It stays a zombie, its pid taken, until ExitSeen.</summary>
    Exited = 3,

    /// <summary>Guard to manager: PID 1 got a signal that asks for something.</summary>
    Signal = 4,

    /// <summary>Guard to manager: are you alive? A watchdog is fed once it has answered.</summary>
    Ping = 5,

    /// <summary>Guard to manager: what became of an upgrade; Status 1 done, 0 rolled back; the name says why.</summary>
    UpgradeOutcome = 6,

    /// <summary>Manager to guard, with a descriptor: keep it under this name, in place of an older one.</summary>
    Put = 16,

    /// <summary>Manager to guard: drop the descriptor of this name.</summary>
    Remove = 17,

    /// <summary>Manager to guard: the exit of Pid is recorded; reap it.</summary>
    ExitSeen = 18,

    /// <summary>Manager to guard: a Signal record was understood.</summary>
    SignalSeen = 19,

    /// <summary>Manager to guard: the machine is being ended in order; if that takes longer than Status, end it yourself.</summary>
    Ending = 20,

    /// <summary>Manager to guard: services are stopped; end the machine now.</summary>
    End = 21,

    /// <summary>Manager to guard: the answer to Ping.</summary>
    Pong = 22,

    /// <summary>Manager to guard: it has started up and serves.</summary>
    Up = 23,

    /// <summary>Manager to guard: a watchdog device may have appeared.</summary>
    WatchdogAppeared = 24,

    /// <summary>Manager to guard, with a descriptor: replace manager and guard by this executable; the manager leaves by itself.</summary>
    Upgrade = 25,
}

/// <summary>How the machine ends; the numbers are part of the record format.</summary>
internal enum MachineEnd
{
    PowerOff = 1,
    Reboot = 2,
    Halt = 3,

    /// <summary>Start the kernel that was loaded, without the firmware.</summary>
    KernelExec = 4,

    /// <summary>Services down, manager replaced, services up: the kernel and PID 1 live on. The guard never hears of it.</summary>
    SoftReboot = 5,
}
