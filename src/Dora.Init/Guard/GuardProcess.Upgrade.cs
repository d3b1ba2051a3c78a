using Dora.Core.Linux;

namespace Dora.Init.Guard;

// Another executable in the place of this one, without any service noticing (`dora init upgrade`).
//
// The manager has checked the executable and sends it as a descriptor (a copy in RAM: PID 1 must not depend on a file
// that may vanish), then it leaves. The next manager is started from the new executable, under this old guard. When it
// says that it serves, the guard executes the new program in its own process: children, zombies and pending signals stay
// with the process, descriptors stay open, and the rest is in a Handover. Rolled back is what fails on the way:
// - a new manager that ends or does not come up in time: the next one is the old program again;
// - a new guard that throws before it waits for the first time: it executes the old program (GuardDefects.cs).
// What became of it is told to the manager in the end, which tells whoever asks.
internal sealed partial class GuardProcess
{
    private static readonly TimeSpan s_upgradeLimit = TimeSpan.FromSeconds(15);

    private FileDescriptor? _candidate; // the new executable, while its manager has to prove itself
    private TimeSpan? _candidateDeadline;
    private int _replacedPid; // the manager that is about to leave for it
    private FileDescriptor? _previous; // the executable to go back to, until this guard has proved itself
    private int _outcome = -1;
    private string _outcomeText = "";

    private void BeginUpgrade(string name, FileDescriptor executable)
    {
        if (_candidate is not null || _endDeadline is not null)
        {
            executable.Dispose();
            SetOutcome(0, "the machine is being ended, or another upgrade is under way");
            return;
        }
        Log.Info($"guard: upgrade to {name}: the next manager is started from it");
        _candidate = executable;
        _candidateDeadline = Sys.TimeSinceBoot() + s_upgradeLimit;
        _replacedPid = _manager.Pid;
        _manager.Candidate = PathOf(executable.Number);
    }

    private void CameUp()
    {
        _manager.CameUp();
        if (_candidate is null) return;
        var errno = Sys.Open(Program.OwnPath, Libc.O_RDONLY, 0, out var own);
        if (errno == Errno.None)
        {
            Log.Info("guard: upgrade: the new manager is up: executing the new guard");
            var next = Leave();
            next.Executable = own.Number;
            next.Outcome = 1;
            errno = next.Execute(PathOf(_candidate.Number), new GuardDefects());
            own.Dispose();
        }
        RollBack($"execute the new guard: {errno.Describe()}");
    }

    private void RollBack(string why)
    {
        Log.Error($"guard: upgrade: {why}: going back to the program before it");
        _candidate?.Dispose();
        _candidate = null;
        _candidateDeadline = null;
        _manager.Candidate = null;
        _manager.Kill();
        SetOutcome(0, why);
    }

    private void SetOutcome(int outcome, string text)
    {
        _outcome = outcome;
        _outcomeText = text.Length > GuardRecord.LongestName ? text[..GuardRecord.LongestName] : text;
    }

    /// <summary>Once through its loop, this guard need not be gone back from; what became of it is told to a manager that serves.</summary>
    private void TellOutcome()
    {
        _previous?.Dispose();
        _previous = null;
        if (_outcome < 0 || !_manager.IsUp) return;
        var record = new GuardRecord { Kind = GuardMessage.UpgradeOutcome, Status = _outcome, Name = _outcomeText };
        if (_manager.Send(record)) _outcome = -1;
    }

    /// <summary>All that the next guard in this process has to know.</summary>
    private Handover Leave()
    {
        var next = new Handover
        {
            ManagerPid = _manager.Pid,
            ManagerChannel = _manager.Channel?.Number ?? -1,
            ManagerStarts = _manager.Starts,
            ReportedPid = _reportedPid,
            End = _end,
            IsEndAgreed = _isEndAgreed,
            EndDeadline = _endDeadline,
            Watchdog = _watchdog.Handle?.Number ?? -1,
            WatchdogSeconds = _watchdog.Seconds,
            Outcome = _outcome,
            OutcomeText = _outcomeText,
        };
        _store.LeaveTo(next);
        return next;
    }

    private void Adopt(Handover last)
    {
        if (last.Executable >= 0) _previous = new FileDescriptor(last.Executable);
        if (last.Watchdog >= 0) _watchdog.Use(new FileDescriptor(last.Watchdog), last.WatchdogSeconds);
        _store.Adopt(last);
        _manager.Adopt(last.ManagerPid, last.ManagerChannel >= 0 ? new FileDescriptor(last.ManagerChannel) : null, last.ManagerStarts);
        _reportedPid = last.ReportedPid;
        if (_reportedPid != 0) _answerDeadline = Sys.TimeSinceBoot() + s_answerLimit;
        _end = last.End;
        _isEndAgreed = last.IsEndAgreed;
        _endDeadline = last.EndDeadline;
        _outcome = last.Outcome;
        _outcomeText = last.OutcomeText;
        // Whoever is rolled back to does not keep the manager of the program that failed.
        if (_outcome == 0) _manager.Kill();
    }

    /// <summary>After a defect: the program to execute and what it must know.</summary>
    internal (Handover State, string Program) LeaveAfterDefect(string defect)
    {
        var next = Leave();
        if (_previous is null) return (next, Program.OwnPath);
        next.Outcome = 0;
        next.OutcomeText = $"the new guard failed: {defect}";
        return (next, PathOf(_previous.Number));
    }

    private static string PathOf(int number) => $"/proc/self/fd/{number}";
}
