using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Devices;
using Dora.Init.Manager.Feed;
using Dora.Init.Manager.Logging;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Manager.Reloading;
using Dora.Init.Manager.Shutdown;
using Dora.Init.Manager.Startup;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Crontabs;
using Dora.Init.Manager.Supervision.Scheduling;
using Dora.Init.Modules;

namespace Dora.Init.Manager;

/// <summary>
/// The manager: everything with policy in it, on one event loop. It may be killed at any moment: what it knows is in
/// the state file that the guard keeps, what runs is in cgroups, and the next one goes on from there.
/// Top to bottom: connect to the guard, start up (once a boot), read the services, take up what runs, serve.
/// </summary>
internal sealed class ManagerProcess
{
    private static readonly string[] s_serviceDirectories = ["/usr/lib/dora/services", "/etc/dora/services"]; // the image's, the operator's
    private const string StartedUpMark = "/run/dora/started-up";

    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    private readonly EventLoop _loop = new();
    private readonly GuardLink _guard = new();
    private readonly KernelCommandLine _commandLine = KernelCommandLine.Read();
    private readonly StateFile _stateFile;
    private readonly SavedState _state;
    private readonly bool _isRestart;
    private readonly LoadedServices _files;
    private readonly Supervisor _supervisor;
    private readonly LogHub _logs;
    private readonly MachineEnding _ending;
    private readonly ScheduledEnd _scheduled;
    private readonly MachineVerbs _verbs;
    private readonly MachineControl _control;
    private readonly DeviceCoupling _coupling;
    private readonly EventFeed _feed;
    private readonly DiskEvents _disks;
    private readonly CrontabJobs _crontabs;
    private DeviceEvents? _devices;
    private ControlSockets? _sockets;
    private bool _isStateChanged = true;
    private bool _isLeaving; // what is saved is for the next manager, and not to be written over

    public static int Run()
    {
        Native.open_alarm();
        InterruptTimer.Open();
        new ManagerProcess().RunLoop();
        return 0;
    }

    private ManagerProcess()
    {
        int before = _guard.Connect();
        // Who runs is known by /proc alone: somebody may have unmounted it since.
        if (!Sys.Exists("/proc/self")) _ = Sys.Mount("proc", "/proc", "proc", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC);
        _stateFile = StateFile.Open(_guard, out var saved);
        _state = saved ?? new SavedState();
        _isRestart = before > 0;
        StartUp();

        _files = LoadedServices.Open(_guard, _state.FilesNumber, s_serviceDirectories);
        ReportProblems();
        _logs = new LogHub(_loop, _guard, Log.Warn);
        _supervisor = new Supervisor(_loop, _guard, new LogOutput(_logs), [.. _commandLine.Masked, .. OperatorMasks.Read()]) { IsWantedByBoot = IsWantedByBoot };
        _logs.RateOf = name => _supervisor.Find(name)?.Settings.LogRate;
        _logs.HelloSaid = channel => LogFolder.HandOver(_loop, channel, LoggerUser());
        _ending = new MachineEnding(_loop, _guard, _supervisor) { Began = EndBegan, SoftRebootReady = LeaveForSoftReboot };
        _scheduled = new ScheduledEnd(_loop, _ending, StateChanged);
        _feed = new EventFeed(_loop, _guard);
        var storage = new StorageWatch(_loop, _feed);
        _disks = new DiskEvents(_feed.DiskMoved, storage.Look, () => storage.IsWhole);
        // What a manager that was killed has not heard.
        if (_isRestart) storage.Look(null);
        var changes = new Changes(_loop, _supervisor.Find) { Moved = _feed.ChangeMoved };
        _verbs = new MachineVerbs(_loop, _guard, _ending, _scheduled, changes) { LastUpgrade = _state.LastUpgrade };
        var reload = new ServiceReload(_loop, _files, _supervisor, s_serviceDirectories);
        _control = new MachineControl(_supervisor, _files, _logs, _state, changes, _verbs, reload, _feed)
        {
            Information = new MachineInformation(_loop, _supervisor.KeptSockets) { Heard = said => storage.Heard(said) },
        };
        _crontabs = new CrontabJobs(_supervisor);
        _coupling = new DeviceCoupling(_loop, _commandLine, CompleteStartUp);
    }

    private void StartUp()
    {
        if (_state.IsStartedUp) return;
        if (Sys.Exists(StartedUpMark))
        {
            // Damaged, or the guard has nothing any more: it failed, and soon after that again.
            Log.Error("manager: the saved state is lost: services are taken up from their cgroups, and what the boot wants is started");
            _state.IsStartedUp = true;
            return;
        }
        _state.Stages = [.. BootStages.Read(), .. StartupSequence.Run(_commandLine)];
        _state.IsStartedUp = true;
        _ = Sys.MakeDirectories("/run/dora", 0x1ED);
        _ = Sys.WriteFile(StartedUpMark, "", Libc.O_CREAT);
        _stateFile.Write(_state);
    }

    private void RunLoop()
    {
        _loop.Failed = (owner, exception) => Log.Error($"{owner}: {exception.Message} ({exception.GetType().Name}): the event is dropped, the manager goes on");
        _loop.AfterBatch = SaveState;
        _supervisor.StateChanged = ServiceChanged;
        _supervisor.ServiceMoved = _feed.ServiceMoved;
        _supervisor.ServiceRemoved = _feed.ServiceRemoved;
        _supervisor.SaveNow = SaveState;
        _supervisor.RebootAsked = cause => _ending.Request(MachineEnd.Reboot, force: false, cause);
        _guard.ChildExited = ChildExited;
        _guard.SignalSeen = SignalSeen;
        _guard.UpgradeEnded = UpgradeEnded;

        _supervisor.Jobs.History = new JobHistory(_loop, _supervisor.Jobs.AllText) { IsHurried = () => _supervisor.IsEnding };

        bool areServicesKnown = _state.Services.Count > 0;
        foreach (var settings in _files.Set.Services.Values) _supervisor.Add(settings);
        foreach (var (name, settings) in _files.Set.Fallbacks)
        {
            Log.Warn($"{name}: using the file below instead, {settings.File}");
            _supervisor.Add(settings);
        }
        _crontabs.Look();
        // Also the first time: a guard that had to execute itself again does not know of the managers before it.
        _supervisor.Adopt(_state);
        WatchDevices();
        LookAtConsoles();
        // A state that knows of no service is lost, or from a manager that was killed before it started one.
        if (!areServicesKnown || _state.IsBootPending) _supervisor.StartBootServices();
        _state.IsBootPending = false;
        // Posted after the first services, and so run when they have been launched.
        if (!_state.IsStartUpComplete) _loop.Post("start-up", CoupleDevices);

        using var server = new ControlServer(_loop, _control, Log.Warn) { WhenSaved = _supervisor.AfterSave };
        _sockets = new ControlSockets(server, _guard, UserDatabase.Load().FindGroup("dora")?.Gid);
        _sockets.Open();
        _guard.Watch(_loop);
        _ending.Resume(_state);
        _scheduled.Adopt(_state);
        _feed.ManagerStarted();
        _guard.Up();
        _loop.After(s_settled, "memory", GiveBackMemory);
        Log.Info(_isRestart ? $"manager: running again, {_supervisor.Services.Count} services taken up" : "manager: running");
        _loop.Run();
    }

    private void CoupleDevices()
    {
        if (Machine.IsOurs) _coupling.Start();
        if (_coupling.IsRunning) _devices?.Hold();
        else _state.IsStartUpComplete = _isStateChanged = true;
    }

    private void CompleteStartUp(SavedStage stage)
    {
        _state.Stages.Add(stage);
        _state.IsStartUpComplete = true;
        _isStateChanged = true;
        _guard.WatchdogAppeared();
        _devices?.Release();
    }

    /// <summary>
    /// Service files, modules and stages have been read and left their garbage in the heap, and what runs from here on
    /// makes too little of it for the collector to come by itself.
    /// </summary>
    private static void GiveBackMemory() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary><c>single</c> and <c>pandora.rescue</c>: a login on the consoles, the log, and nothing else.</summary>
    private bool IsWantedByBoot(ServiceSettings settings) =>
        !(_commandLine.Single || _commandLine.Rescue) || settings.Logger || settings.Terminal is not null;

    /// <summary>Listens first and looks second: what appears in between is seen twice, and never not at all.</summary>
    private void WatchDevices()
    {
        var button = new PowerButton(_loop, () => _ending.Request(MachineEnd.PowerOff, force: false, "the power button"));
        void LookAtAll()
        {
            foreach (string name in NetworkInterfaces.Wired()) _supervisor.Appeared(InstanceSource.WiredInterface, name);
            button.LookAtAll();
        }

        void Happened(Uevent happened)
        {
            switch (happened.Subsystem, happened.Action)
            {
                case ("net", "add" or "move") when NetworkInterfaces.IsWired(happened.Name):
                    _supervisor.Appeared(InstanceSource.WiredInterface, happened.Name);
                    break;
                case ("net", "remove"):
                    _supervisor.Disappeared(InstanceSource.WiredInterface, happened.Name);
                    break;
                case ("watchdog", "add"):
                    _guard.WatchdogAppeared();
                    break;
                case ("block", "add" or "remove") when DiskEvents.IsDisk(happened):
                    _disks.Happened(happened);
                    break;
                case ("input", "add"):
                    button.LookAt(happened.Name);
                    break;
            }
        }

        try
        {
            _devices = new DeviceEvents(_loop, Happened, _commandLine) { Lost = LookAtAll };
        }
        catch (LinuxException exception)
        {
            Log.Error($"manager: {exception.Message}: devices that appear later go unnoticed");
        }
        LookAtAll();
        _supervisor.LookForInstances = () =>
        {
            LookAtAll();
            LookAtConsoles();
            _crontabs.Look(); // for the limits of a slice that has come
            _logs.Resend(); // log-rate may be another
        };
    }

    private void LookAtConsoles()
    {
        foreach (string name in Consoles.Active()) _supervisor.Appeared(InstanceSource.Console, name);
    }

    private void ChildExited(int pid, ProcessExit exit)
    {
        if (_coupling.HasEnded(pid, exit.Describe())) return;
        _supervisor.MainExited(pid, exit);
        _isStateChanged = true;
    }

    private void SignalSeen(int signal)
    {
        if (signal == Libc.SIGUSR1)
        {
            Log.Info("manager: the API's sockets are made anew (SIGUSR1)");
            _sockets?.Recreate();
        }
        else if (Ending.AskedBy(signal) is { } end)
            _ending.Request(end, force: false, signal == Libc.SIGINT ? "ctrl-alt-del" : "a signal to PID 1");
    }

    private void StateChanged() => _isStateChanged = true;

    /// <summary>Saved before anybody is answered: a soft reboot is known to nobody else.</summary>
    private void EndBegan()
    {
        if (_ending.End != MachineEnd.SoftReboot) _scheduled.Clear();
        _isStateChanged = true;
        SaveState();
    }

    /// <summary>The next manager starts up as after a boot; of the services it knows those that were spared.</summary>
    private void LeaveForSoftReboot()
    {
        _supervisor.KillLeftovers();
        _ = Sys.Unlink(StartedUpMark);
        var next = new SavedState { IsBootPending = true, LastUpgrade = _verbs.LastUpgrade };
        _scheduled.Save(next);
        _supervisor.SaveSpared(next);
        _stateFile.Write(next);
        _supervisor.Saved(); // who has asked for it gets the answer
        _isLeaving = true;
    }

    private void UpgradeEnded(bool isDone, string why)
    {
        // With the time, so that whoever waits for it can tell it from the one before.
        _verbs.LastUpgrade = $"{(isDone ? "done" : $"rolled back: {why}")} ({EventLoop.Now.TotalSeconds:0.0} s after boot)";
        Log.Info($"manager: upgrade of init: {_verbs.LastUpgrade}");
        _isStateChanged = true;
    }

    private void ServiceChanged()
    {
        _isStateChanged = true;
        _control.ServiceChanged();
        _ending.Check();
    }

    /// <summary>After every batch of events: first what is known, then the answers: to clients, and the one that lets the guard reap.</summary>
    private void SaveState()
    {
        // An exit that is not answered is told to the next manager.
        if (_isLeaving) return;
        if (_isStateChanged) _feed.MachineIs(_verbs.State());
        _feed.WriteDown();
        if (_isStateChanged)
        {
            _isStateChanged = false;
            if (_state.IsStartUpComplete && _state.BootOver is null && MachineReports.IsBootOver(_supervisor.Services)) _state.BootOver = EventLoop.Now;
            _state.Services.Clear();
            _ending.Save(_state);
            _scheduled.Save(_state);
            _state.LastUpgrade = _verbs.LastUpgrade;
            _state.FilesNumber = _files.Number;
            _supervisor.Save(_state);
            _stateFile.Write(_state);
            _files.Saved();
        }
        _feed.Deliver();
        _supervisor.Saved();
        _guard.Acknowledge();
    }

    private string LoggerUser()
    {
        foreach (var service in _supervisor.Services)
            if (service.Settings is { Logger: true, User: { } user }) return user;
        return "0";
    }

    private void ReportProblems()
    {
        foreach (var problem in _files.Set.DirectoryProblems) Log.Warn(problem.ToString());
        foreach (string name in _files.Set.NamesWithProblems)
            foreach (var problem in _files.Set.ProblemsOf(name)) Log.Error(problem.ToString());
    }
}
