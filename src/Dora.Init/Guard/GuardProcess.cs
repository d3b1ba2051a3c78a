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
///   (then the manager is killed and started again), the ordered end of the machine (then it is ended by force).
///
/// What may fail
///   Nothing here is fatal. A launch that fails is tried again with a growing delay; descriptors that cannot be sent
///   are dropped with a message; a full store refuses. The unhandled-exception handler (Program.cs) executes this
///   program again: the manager is killed, services live on, the store is handed on, and the new guard starts a
///   manager, as after any other death of one. A guard that fails within <see cref="s_stable"/> of its start hands on
///   nothing, for the store may be the cause: then services are taken up from their cgroups alone.
/// </summary>
internal sealed class GuardProcess
{
    private const ulong OpenFilesLimit = 1 << 16;
    private const string StoreArgument = "--store=";
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_stable = TimeSpan.FromSeconds(5);

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
    private readonly TimeSpan _startedAt = Sys.TimeSinceBoot();
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

    /// <summary>After a defect, before this program is executed again; the argument that tells the next guard what there is.</summary>
    public string[] HandOn()
    {
        _manager.Disconnected(); // or two would answer the API for a moment
        return Sys.TimeSinceBoot() - _startedAt >= s_stable && _store.HandOn() is { } list ? [StoreArgument + list.Number] : [];
    }

    /// <summary>What an earlier guard in this process has handed on.</summary>
    public void TakeOver(string[] arguments)
    {
        if (arguments is [var word] && word.StartsWith(StoreArgument, StringComparison.Ordinal) && int.TryParse(word.AsSpan(StoreArgument.Length), out int number))
            _store.TakeOver(new FileDescriptor(number));
    }

    /// <summary>Never returns.</summary>
    public void Run()
    {
        // reboot(2): Ctrl-Alt-Del becomes a SIGINT to us instead of an immediate reset.
        var errno = Sys.Reboot(Libc.RB_DISABLE_CAD);
        if (errno != Errno.None) Log.Warn($"guard: ctrl-alt-del cannot be caught: {errno.Describe()}");
        // The kernel starts PID 1 with 1024: too few for the store. The manager inherits it; services get their own limit.
        errno = Sys.SetResourceLimit(Libc.RLIMIT_NOFILE, OpenFilesLimit, OpenFilesLimit);
        if (errno != Errno.None) Log.Warn($"guard: limit of open files stays as it is: {errno.Describe()}");
        Sys.SignalDescriptor(s_signals, out _signals).ThrowIfError("signalfd");
        Log.Info("guard: running as PID 1");

        while (true)
        {
            MeetDeadlines();
            if (_manager.IsDue && !_rescue.IsActive) StartManager();
            if (_manager.HasGivenUp && !_rescue.IsActive) _rescue.Start(_store);
            Reap();
            Wait();
        }
    }

    private void StartManager()
    {
        _manager.Start();
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
        if (_answerDeadline < next || next is null) next = _answerDeadline ?? next;
        if (_endDeadline < next || next is null) next = _endDeadline ?? next;
        return next;
    }

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
    }

    private void ReadSignals()
    {
        Span<byte> buffer = stackalloc byte[Marshal.SizeOf<Libc.signalfd_siginfo>()];
        while (Sys.Read(_signals, buffer, out int count) == Errno.None && count == buffer.Length)
        {
            int signal = MemoryMarshal.Read<int>(buffer);
            if (signal != Libc.SIGCHLD) ForwardSignal(signal);
        }
    }

    /// <summary>
    /// What asks for an end of the machine (<see cref="Ending.AskedBy"/>) goes to the manager; HUP ends rescue and tries
    /// the manager again. The rest is read so that it is gone.
    /// </summary>
    private void ForwardSignal(int signal)
    {
        if (signal == Libc.SIGHUP && _rescue.IsActive)
        {
            _rescue.Stop();
            _manager.TryAgain();
            return;
        }

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
        else End(_end);
    }

    /// <summary>The manager goes first: it has nothing left to say, and what it would still start is in the way.</summary>
    private void End(MachineEnd end)
    {
        _manager.Disconnected();
        Ending.End(end);
    }

    private void ReadRecords()
    {
        // Bounded, so that a manager gone mad cannot keep us from reaping.
        for (int i = 0; i < 64 && _manager.Channel is not null; i++)
        {
            var errno = GuardRecord.Receive(_manager.Channel, out var record, out var passed, Libc.MSG_DONTWAIT);
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
        }
        passed?.Dispose();
    }

    /// <summary>Looks at one ended child after the other until one has to wait for the manager's answer.</summary>
    private void Reap()
    {
        while (_reportedPid == 0)
        {
            // The manager's own end is taken first, by its pid: it must not wait behind an exit that nobody can answer.
            if (_manager.Pid != 0 && Reaper.TryReap(_manager.Pid, out var managerExit)) { _manager.Ended(managerExit); _answerDeadline = null; }
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
            _manager.Ended(ended);
            _reportedPid = 0;
            _answerDeadline = null;
        }
    }
}
