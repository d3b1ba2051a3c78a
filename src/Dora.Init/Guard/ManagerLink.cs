using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// The manager as the guard sees it: its process, its end of the channel, and when to start it again.
///
/// A manager that lived for a second is started again at once. Ones that die sooner wait longer and longer; after
/// <see cref="QuickDeathsLimit"/> in a row it has given up, and rescue takes over. Two things do not count towards that:
/// a manager that had come up and was killed from outside (SIGKILL is nobody's own fault, and the next one will come up
/// as well), and one that could not be started for want of memory, processes or descriptors (rescue would need the same,
/// and the want may pass).
/// </summary>
internal sealed class ManagerLink(DescriptorStore store)
{
    private const int QuickDeathsLimit = 10;
    private const int ChannelBuffer = 1 << 20;
    private static readonly TimeSpan s_greetLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_quick = TimeSpan.FromSeconds(1);

    private TimeSpan _startedAt;
    private int _starts;
    private int _quickDeaths;
    private int _failedStarts;

    public int Pid { get; private set; }
    public FileDescriptor? Channel { get; private set; }

    /// <summary>When the next one is to be started; null while one runs.</summary>
    public TimeSpan? NextStart { get; private set; } = TimeSpan.Zero;

    /// <summary>It has said that it serves.</summary>
    public bool IsUp { get; private set; }

    /// <summary>The program that is started instead of this one, while an upgrade tries it.</summary>
    public string? Candidate { get; set; }

    public bool IsDue => NextStart <= Sys.TimeSinceBoot();
    public bool HasGivenUp => _quickDeaths >= QuickDeathsLimit;

    public void Start()
    {
        _startedAt = Sys.TimeSinceBoot();
        IsUp = false;
        var errno = Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs);
        using (theirs)
        {
            // The kernel may grant less than asked; then a store of many descriptors only takes more turns.
            _ = Sys.SetSocketOption(mine, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, ChannelBuffer);
            _ = Sys.SetSocketOption(theirs, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, ChannelBuffer);
            LaunchResult result;
            if (errno != Errno.None) result = new LaunchResult(0, $"manager: socketpair: {errno.Describe()}");
            else if ((errno = Sys.Duplicate(theirs, out var source, LaunchPlanBuilder.SourceFloor)) != Errno.None)
                result = new LaunchResult(0, $"manager: dup: {errno.Describe()}");
            else
                using (source) result = Launcher.Launch(Plan(source, Candidate ?? Program.OwnPath));

            if (!result.Succeeded)
            {
                Log.Error($"guard: {result.Failure}");
                mine.Dispose();
                _failedStarts++;
                NextStart = _startedAt + Delay(_failedStarts);
                return;
            }
            _failedStarts = 0;
            Pid = result.Pid;
            Channel = mine;
            NextStart = null;
        }
        Greet();
    }

    /// <summary>Whether the record is on its way; false when there is no manager to take it.</summary>
    public bool Send(in GuardRecord record)
    {
        if (Channel is null) return false;
        var errno = GuardRecord.Send(Channel, record, null, Libc.MSG_DONTWAIT);
        return errno == Errno.None;
    }

    public void Kill()
    {
        if (Pid != 0) _ = Sys.Kill(Pid, Libc.SIGKILL);
    }

    /// <summary>Its end of the channel is closed: it is dead or about to be; without a channel it is of no use.</summary>
    public void Disconnected()
    {
        Channel?.Dispose();
        Channel = null;
        Kill();
    }

    /// <summary>It has been reaped.</summary>
    public void Ended(in GuardRecord exit)
    {
        string how = exit.Code == Libc.CLD_EXITED ? $"exit code {exit.Status}" : $"signal {exit.Status}";
        // One that leaves by itself (an upgrade, a soft reboot) has said why.
        if (exit is { Code: Libc.CLD_EXITED, Status: 0 }) Log.Info($"guard: the manager (pid {Pid}) has left; starting another");
        else Log.Error($"guard: the manager (pid {Pid}) has ended with {how}; services go on, starting another");
        Channel?.Dispose();
        Channel = null;
        Pid = 0;
        bool isBlameless = IsUp && exit is { Code: Libc.CLD_EXITED, Status: 0 } or { Code: Libc.CLD_KILLED, Status: Libc.SIGKILL };
        IsUp = false;
        Failed(isBlameless);
    }

    /// <summary>It has reached the point from which it serves.</summary>
    public void CameUp()
    {
        IsUp = true;
        Log.Debug($"guard: the manager (pid {Pid}) is up after {(Sys.TimeSinceBoot() - _startedAt).TotalMilliseconds:0} ms");
    }

    /// <summary>Takes up the manager that the guard before this one started; <paramref name="channel"/> may be closed.</summary>
    public void Adopt(int pid, FileDescriptor? channel, int starts)
    {
        _startedAt = Sys.TimeSinceBoot();
        _starts = starts;
        Pid = pid;
        Channel = channel;
        IsUp = true;
        NextStart = pid == 0 ? TimeSpan.Zero : null;
    }

    public int Starts => _starts;

    /// <summary>A new attempt after it was given up.</summary>
    public void TryAgain()
    {
        _quickDeaths = 0;
        NextStart = TimeSpan.Zero;
    }

    private void Failed(bool isBlameless)
    {
        var now = Sys.TimeSinceBoot();
        bool isQuick = now - _startedAt < s_quick;
        if (!isQuick) _quickDeaths = 0;
        else if (!isBlameless) _quickDeaths++;
        NextStart = now + Delay(_quickDeaths);
    }

    // 0, 0, 100 ms, 200 ms ... at most 5 s.
    private static TimeSpan Delay(int failures) =>
        TimeSpan.FromMilliseconds(failures < 3 ? 0 : Math.Min(100 * Math.Pow(2, Math.Min(failures, 20) - 3), 5000));

    private void Greet()
    {
        // A manager that hangs before it reads would otherwise hang PID 1.
        var deadline = Sys.TimeSinceBoot() + s_greetLimit;
        var errno = store.SendTo(Channel!, deadline);
        if (errno == Errno.None)
            errno = GuardRecord.SendBefore(deadline, Channel!, new GuardRecord { Kind = GuardMessage.StoreComplete, Status = _starts++ });
        if (errno == Errno.None) return;
        Log.Error($"guard: the manager cannot be given its descriptors: {errno.Describe()}");
        Kill();
    }

    private static LaunchPlan Plan(FileDescriptor channel, string executable)
    {
        var builder = new LaunchPlanBuilder("manager", ["init", "manager"], executable);
        builder.Pass("channel to the guard", channel);
        return builder.Directory("/").Build(asSibling: false);
    }
}
