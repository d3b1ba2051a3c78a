using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>A service's machine, a clock that the test turns, and what the machine asked for last.</summary>
internal sealed class MachineWalk(ServiceSettings settings)
{
    public ServiceSettings Settings { get; } = settings;
    public ServiceState State { get; private set; } = new();
    public ServiceActions Actions { get; private set; }
    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(100);

    public static ServiceSettings Daemon => new() { Name = "web", File = "/web.yaml", Command = ["/bin/web"] };
    public static ServiceSettings Oneshot => Daemon with { Type = ServiceType.Oneshot };
    public static ServiceSettings Notifying => Daemon with { Notify = ReadinessProtocol.Descriptor };

    /// <summary>With sd_notify, a watchdog and a health check.</summary>
    public static ServiceSettings Talking => Daemon with
    {
        Notify = ReadinessProtocol.Systemd,
        Watchdog = TimeSpan.FromSeconds(30),
        ReloadSignal = 1,
        Health = new ProbeSettings { Kind = ProbeKind.Tcp, Port = 80, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Threshold = 3 },
    };

    /// <summary>With a helper command for everything.</summary>
    public static ServiceSettings Helped => Daemon with
    {
        PreStart = ["/bin/prepare"], StopCommand = ["/bin/stop"], ReloadCommand = ["/bin/reload"], HelperTimeout = TimeSpan.FromSeconds(2),
    };

    /// <summary>The same, and one for what comes after.</summary>
    public static ServiceSettings Cleared => Helped with { PostStop = ["/bin/clear"] };

    public ServicePhase Phase => State.Phase;

    public MachineWalk Pass(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public MachineWalk Pass(double seconds) => Pass(TimeSpan.FromSeconds(seconds));

    public MachineWalk Do(ServiceEvent happened)
    {
        (State, Actions) = ServiceMachine.Apply(State, Settings, happened, Now);
        return this;
    }

    public MachineWalk Do(ServiceEventKind kind) => Do(new ServiceEvent(kind));

    public MachineWalk Exit(int code) => Do(new ServiceEvent(ServiceEventKind.MainExited, Exit: new ProcessExit(1, code)));

    public MachineWalk Killed(int signal) => Do(new ServiceEvent(ServiceEventKind.MainExited, Exit: new ProcessExit(2, signal)));

    public MachineWalk Launched() => Do(ServiceEventKind.StartAsked).Do(ServiceEventKind.DependenciesMet).Do(new ServiceEvent(ServiceEventKind.Launched, Pid: 42));

    /// <summary>From Backoff to launched again.</summary>
    public MachineWalk Again()
    {
        Now = State.Deadline!.Value;
        return Do(ServiceEventKind.DeadlineReached).Do(ServiceEventKind.DependenciesMet).Do(new ServiceEvent(ServiceEventKind.Launched, Pid: 43));
    }

    /// <summary>The helper that was asked for runs, as process 7.</summary>
    public MachineWalk HelperRuns() => Do(new ServiceEvent(ServiceEventKind.HelperLaunched, Pid: 7));

    public MachineWalk HelperEnds(int code) => Do(new ServiceEvent(ServiceEventKind.HelperEnded, Pid: 7, Exit: new ProcessExit(1, code)));

    public MachineWalk Main() => Do(new ServiceEvent(ServiceEventKind.Launched, Pid: 42));

    /// <summary>It ends by itself, and its cgroup with it.</summary>
    public MachineWalk End(int code) => Exit(code).Do(ServiceEventKind.Emptied);
}
