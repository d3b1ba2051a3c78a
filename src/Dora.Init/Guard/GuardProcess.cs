using System.Runtime.InteropServices;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// PID 1. Poor on purpose: no configuration, no parser, no policy. A fault here is a kernel panic, so what is here is
/// what must never stop: reaping, keeping descriptors, mapping signals, starting the manager again, ending the machine.
///
/// Reaping, and why it is two steps
///   Every service is PID 1's child from birth (CLONE_PARENT), and only this process waits. An exit is first looked at
///   (waitid with WNOWAIT), then told to the manager, and reaped only when the manager has answered ExitSeen. Until
///   then the zombie keeps its pid taken, so
///   - no pid that the manager knows can belong to another process: kill(pid) is always right;
///   - a manager that dies with an exit unread loses nothing: the next one is told again;
///   - one exit is under way at a time: no queue here that could overflow.
///   Without a manager (it cannot stay up, or the machine ends) children are reaped at once.
///
/// Waiting
///   One poll(2) on signalfd, channel and the earliest deadline; with no deadline it sleeps for ever: an idle machine
///   has no wake-ups from here. Deadlines exist only while somebody owes an answer: an ExitSeen or SignalSeen
///   (then the manager is killed and started again), the ordered end of the machine (then it is ended by force), an
///   upgrade (then it is rolled back); and for a hardware watchdog, if there is one.
///
/// What may fail
///   Nothing here is fatal. A launch that fails is tried again with a growing delay; descriptors that cannot be sent
///   are dropped with a message; a full store refuses. After a defect (an exception that nobody expected) this program
///   is executed again with all that it kept (GuardDefects.cs). Parts: GuardProcess.Upgrade.cs (another executable).
/// </summary>
internal sealed partial class GuardProcess
{
    private const ulong OpenFilesLimit = 1 << 16;
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(10);

    private static unsafe int SignalInfoSize => sizeof(Libc.signalfd_siginfo);

    /// <summary>Signals that ask the guard for something; see <see cref="ForwardSignal"/>.</summary>
    private static readonly int[] s_signals =
    [
        Libc.SIGCHLD, Libc.SIGINT, Libc.SIGTERM, Libc.SIGPWR, Libc.SIGUSR1, Libc.SIGUSR2, Libc.SIGHUP, Libc.SIGQUIT,
        Libc.SIGWINCH, Libc.SIGALRM, Libc.SIGPIPE, Libc.SIGTSTP, Libc.SIGTTIN, Libc.SIGTTOU, Libc.SIGCONT, Libc.SIGURG,
        Libc.SIGXCPU, Libc.SIGXFSZ, Libc.SIGVTALRM, Libc.SIGPROF, Libc.SIGIO, Libc.SIGSTKFLT,
        Libc.SIGRTMIN3, Libc.SIGRTMIN4, Libc.SIGRTMIN5,
    ];

    private readonly DescriptorStore _store;
    private readonly ManagerLink _manager;
    private readonly Rescue _rescue = new();
    private readonly Watchdog _watchdog = new();
    private FileDescriptor _signals = new(-1);
    private int _reportedPid; // the exit that the manager has been told of and has not answered
    private TimeSpan? _answerDeadline;
    private TimeSpan? _endDeadline;
    private bool _isEndAgreed; // the manager has said how long the ordered end may take
    private MachineEnd _end = MachineEnd.PowerOff;

    public GuardProcess() : this(new DescriptorStore())
    {
    }

    internal GuardProcess(DescriptorStore store)
    {
        _store = store;
        _manager = new ManagerLink(store);
    }

    /// <summary>Never returns. <paramref name="last"/> is what the guard before this one left, after an exec.</summary>
    public void Run(Handover? last = null)
    {
        Ending.Watchdog = _watchdog;
        if (last is null) _watchdog.Arm();
        else Adopt(last);
        // reboot(2): Ctrl-Alt-Del becomes a SIGINT to us instead of an immediate reset.
        var errno = Sys.Reboot(Libc.RB_DISABLE_CAD);
        if (errno != Errno.None) Log.Warn($"guard: ctrl-alt-del cannot be caught: {errno.Describe()}");
        // The kernel starts PID 1 with 1024: too few for the store. The manager inherits it; services get their own limit.
        errno = Sys.SetResourceLimit(Libc.RLIMIT_NOFILE, OpenFilesLimit, OpenFilesLimit);
        if (errno != Errno.None) Log.Warn($"guard: limit of open files stays as it is: {errno.Describe()}");
        Sys.SignalDescriptor(s_signals, out _signals).ThrowIfError("signalfd");
        Log.Info(last is null ? "guard: running as PID 1" : "guard: running again as PID 1, with all that was kept");

        while (true)
        {
            MeetDeadlines();
            if (_manager.IsDue && !_rescue.IsActive) StartManager();
            if (_manager.HasGivenUp && !_rescue.IsActive) _rescue.Start(_store);
            Reap();
            TellOutcome();
            Wait();
        }
    }

    private void StartManager()
    {
        _manager.Start();
        if (_candidate is not null && _manager.Pid == 0) RollBack("it could not be started");
        // One that died between hearing of the request and saving it must not swallow it; asking twice changes nothing.
        if (_endDeadline is not null) _ = _manager.Send(new GuardRecord { Kind = GuardMessage.Signal, Code = Ending.SignalFor(_end) });
    }

    private void Wait()
    {
        Span<Libc.pollfd> fds = stackalloc Libc.pollfd[2];
        fds[0] = new() { fd = _signals.Number, events = 1 };
        // While the manager owes an answer to an exit, records still have to be read, so the channel is always watched.
        fds[1] = new() { fd = _manager.Channel?.Number ?? -1, events = 1 };
        var errno = Sys.Poll(fds, NextDeadline());
        if (errno != Errno.None && errno != Errno.EINTR) Log.Error($"guard: poll: {errno.Describe()}");
        if (fds[0].revents != 0) ReadSignals();
        if (fds[1].revents != 0) ReadRecords();
    }

    private TimeSpan? NextDeadline()
    {
        var next = _rescue.IsActive ? _rescue.NextStart : _manager.NextStart;
        next = Earlier(next, _answerDeadline);
        next = Earlier(next, _endDeadline);
        next = Earlier(next, _watchdog.NextDeadline);
        return Earlier(next, _candidateDeadline);
    }

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    private void MeetDeadlines()
    {
        var now = Sys.TimeSinceBoot();
        if (_endDeadline <= now)
        {
            Log.Error($"guard: the machine did not end in order within its limit: ending it by force");
            End(_end);
        }
        _rescue.MeetDeadline(now);
        if (_answerDeadline <= now)
        {
            Log.Error($"guard: the manager (pid {_manager.Pid}) has not answered for {s_answerLimit.TotalSeconds} s: killing it");
            _answerDeadline = null;
            _manager.Kill();
        }
        if (!_watchdog.Meet(now, _manager, _rescue.IsActive))
        {
            Log.Error($"guard: the manager (pid {_manager.Pid}) does not answer the watchdog's ping: killing it");
            _manager.Kill();
        }
        if (_candidateDeadline <= now) RollBack($"it did not come up within {s_upgradeLimit.TotalSeconds} s");
    }

    private void ReadSignals()
    {
        Span<byte> buffer = stackalloc byte[SignalInfoSize];
        while (Sys.Read(_signals, buffer, out int count) == Errno.None && count == buffer.Length)
        {
            int signal = MemoryMarshal.Read<int>(buffer);
            if (signal != Libc.SIGCHLD) ForwardSignal(signal);
        }
    }

    /// <summary>
    /// What asks for an end of the machine (<see cref="Ending.AskedBy"/>) goes to the manager, and USR1, which asks for its
    /// sockets; HUP ends rescue and tries the manager again. The rest is read so that it is gone.
    /// </summary>
    private void ForwardSignal(int signal)
    {
        if (signal == Libc.SIGHUP && _rescue.IsActive)
        {
            _rescue.Stop();
            _manager.TryAgain();
            return;
        }

        if (signal == Libc.SIGINT && Ending.CtrlAltDel.Press(Sys.TimeSinceBoot()))
        {
            Log.Announce("guard: ctrl-alt-del seven times: rebooting now");
            End(MachineEnd.Reboot, isHurried: true);
        }

        if (signal == Libc.SIGUSR1) _ = _manager.Send(new GuardRecord { Kind = GuardMessage.Signal, Code = signal });

        var end = Ending.AskedBy(signal);
        if (end is null) return;
        Log.Info($"guard: signal {signal} received: {Ending.Describe(end.Value)}");
        // The first request decides how the machine ends; another one changes nothing.
        if (_endDeadline is null) _end = end.Value;

        var record = new GuardRecord { Kind = GuardMessage.Signal, Code = signal };
        if (_manager.Send(record))
        {
            _answerDeadline ??= Sys.TimeSinceBoot() + s_answerLimit;
            // Whatever becomes of the manager, the request stands.
            _endDeadline ??= Sys.TimeSinceBoot() + Ending.LimitWithoutManager;
        }
        else if (_rescue.IsActive) End(_end);
        // Between two managers: the next one is told as soon as it starts.
        else _endDeadline ??= Sys.TimeSinceBoot() + Ending.LimitWithoutManager;
    }

    /// <summary>The manager goes first: it has nothing left to say, and what it would still start is in the way.</summary>
    private void End(MachineEnd end, bool isHurried = false)
    {
        _manager.Disconnected();
        Ending.End(end, isHurried);
    }

    private void ReadRecords()
    {
        // Bounded, so that a manager gone mad cannot keep us from reaping.
        for (int i = 0; i < 64 && _manager.Channel is not null; i++)
        {
            var closed = _store.TakeClosed();
            var errno = GuardRecord.Receive(_manager.Channel, out var record, out var passed, Libc.MSG_DONTWAIT, closed);
            if (passed is null) _store.Close(closed);
            if (errno == Errno.EAGAIN) return;
            if (errno == Errno.EPROTO) continue;
            if (errno != Errno.None)
            {
                _manager.Disconnected();
                _reportedPid = 0;
                _answerDeadline = null;
                return;
            }
            Handle(record, passed);
        }
    }

    internal void Handle(in GuardRecord record, FileDescriptor? passed)
    {
        switch (record.Kind)
        {
            case GuardMessage.Put when passed is not null:
                _store.Put(record, passed);
                return; // the store owns it now
            case GuardMessage.Remove:
                _store.Remove(record);
                break;
            case GuardMessage.ExitSeen when record.Pid == _reportedPid:
                _reportedPid = 0;
                _answerDeadline = null;
                Reaper.Reap(record.Pid);
                break;
            case GuardMessage.SignalSeen:
                _answerDeadline = null;
                break;
            case GuardMessage.Put:
                // recvmsg(2) drops a descriptor that the receiver has no number left for.
                Log.Error($"guard: {record.Name} came without its descriptor (too many open?): it is not kept");
                break;
            case GuardMessage.Ending:
                _end = (MachineEnd)record.Code;
                var deadline = Sys.TimeSinceBoot() + TimeSpan.FromMilliseconds(Math.Clamp(record.Status, 0, 3_600_000));
                // Managers that die and ask again shorten the time at most: else the end could be put off for ever.
                if (!_isEndAgreed || deadline < _endDeadline) _endDeadline = deadline;
                _isEndAgreed = true;
                break;
            case GuardMessage.End:
                End((MachineEnd)record.Code);
                break;
            case GuardMessage.Pong:
                _watchdog.Answered();
                break;
            case GuardMessage.Up:
                CameUp();
                break;
            case GuardMessage.WatchdogAppeared:
                _watchdog.Arm();
                break;
            case GuardMessage.Upgrade when passed is not null:
                BeginUpgrade(record.Name, passed);
                return; // the upgrade owns it now
        }
        passed?.Dispose();
    }

    /// <summary>Looks at one ended child after the other until one has to wait for the manager's answer.</summary>
    private void Reap()
    {
        while (_reportedPid == 0)
        {
            // The manager's own end is taken first, by its pid: it must not wait behind an exit that nobody can answer.
            if (_manager.Pid != 0 && Reaper.TryReap(_manager.Pid, out var managerExit)) ManagerEnded(managerExit);
            if (!Reaper.Peek(out var exit)) return;
            if (exit.Pid == _manager.Pid) continue;
            if (_rescue.IsActive || Ending.HasBegun)
            {
                Reaper.Reap(exit.Pid);
                _rescue.Ended(exit.Pid);
                continue;
            }
            if (!_manager.Send(exit)) return; // no manager: it stays a zombie until the next one has heard of it
            _reportedPid = exit.Pid;
            _answerDeadline = Sys.TimeSinceBoot() + s_answerLimit;
        }
        if (_manager.Pid != 0 && Reaper.TryReap(_manager.Pid, out var ended))
        {
            ManagerEnded(ended);
            _reportedPid = 0;
        }
    }

    private void ManagerEnded(in GuardRecord exit)
    {
        _manager.Ended(exit);
        _answerDeadline = null;
        _watchdog.Lost();
        if (_candidate is not null && exit.Pid != _replacedPid)
            RollBack(exit.Code == Libc.CLD_EXITED ? $"it ended with exit code {exit.Status}" : $"it ended by signal {exit.Status}");
    }
}
