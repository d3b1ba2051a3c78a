namespace Dora.Core.Configuration;

/// <summary>What a service file says, checked and with defaults filled in. docs/services.md has a section for each key.</summary>
public sealed record ServiceSettings
{
    /// <summary>Name of the service: the file's name without <c>.yaml</c>; for an instance <c>name@argument</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where it was read, for messages: the path of the file.</summary>
    public required string File { get; init; }

    /// <summary>One line for people; <c>description</c>.</summary>
    public string Description { get; init; } = "";

    /// <summary>What its process is to us; <c>type</c>.</summary>
    public ServiceType Type { get; init; } = ServiceType.Daemon;

    /// <summary>What makes instances of this template; <c>for-each</c>.</summary>
    public InstanceSource ForEach { get; init; } = InstanceSource.None;

    /// <summary>Program (absolute path) and arguments; <c>command</c>. <c>%i</c> stands for the instance's argument.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>When it is started; <c>start</c>: boot or demand (by a need, a socket or an operator).</summary>
    public StartCondition Start { get; init; } = StartCondition.Boot;

    /// <summary>Services that must run for this one to run, started with it; <c>needs</c>.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Services started with it whose failure it survives; <c>wants</c>.</summary>
    public IReadOnlyList<string> Wants { get; init; } = [];

    /// <summary>Services that, if they are being started too, go first; order only; <c>after</c>.</summary>
    public IReadOnlyList<string> After { get; init; } = [];

    /// <summary>Services that, if they are being started too, go after it; order only; <c>before</c>.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    /// <summary>Services, started with it, that must have been up once before it starts; <c>milestone</c>.</summary>
    public IReadOnlyList<string> Milestone { get; init; } = [];

    /// <summary>What happens when it ends by itself; <c>restart</c>.</summary>
    public RestartPolicy Restart { get; init; } = new();

    /// <summary>Ends besides exit code 0 that are no failure; <c>success</c>.</summary>
    public IReadOnlyList<SuccessfulEnd> Success { get; init; } = [];

    /// <summary>What follows when it is given up; <c>on-failure</c>.</summary>
    public FailureReaction OnFailure { get; init; } = FailureReaction.Nothing;

    /// <summary>What has to come true for it to start by itself, with <c>start: demand</c>; <c>on</c>.</summary>
    public TriggerSettings? On { get; init; }

    /// <summary>When it is run by itself; <c>schedule</c>; null is not at all.</summary>
    internal Schedules.ScheduleSettings? Schedule { get; init; }

    /// <summary>The line of a crontab that it is; null for a service that has a file.</summary>
    internal Schedules.CrontabLine? Crontab { get; init; }

    /// <summary>What its process leaves behind lives on, as with cron: a line may start a daemon.</summary>
    internal bool LeavesProcesses => Crontab is not null;

    /// <summary>What makes a oneshot done without being run: the path of what it would make; <c>unless</c>; null is nothing.</summary>
    public string? Unless { get; init; }

    /// <summary>How it says that it is ready; <c>notify</c>.</summary>
    public ReadinessProtocol Notify { get; init; } = ReadinessProtocol.None;

    /// <summary>How long a start may take until it is ready, or for a oneshot until it has ended; <c>start-timeout</c>.</summary>
    /// <remarks><c>none</c> is a hundred years: a deadline like any other.</remarks>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The signal number that asks it to stop; <c>stop-signal</c>, by name (TERM).</summary>
    public int StopSignal { get; init; } = 15;

    /// <summary>How long it may take to stop before its cgroup is killed; <c>stop-timeout</c>.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Sockets that are held open for it; <c>sockets</c>.</summary>
    public IReadOnlyList<SocketSettings> Sockets { get; init; } = [];

    /// <summary>One process for each connection, with the connection as stdin and stdout; <c>per-connection</c>.</summary>
    public bool PerConnection { get; init; }

    /// <summary>How many connections at once, with <see cref="PerConnection"/>; <c>max-connections</c>, 1 to 4096.</summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>How many connections at once of one source address; <c>max-connections-per-source</c>; 0 is as many as in total.</summary>
    public int MaxConnectionsPerSource { get; init; }

    /// <summary>Whether connections beyond <see cref="MaxConnections"/> are closed instead of left waiting; <c>when-full</c>.</summary>
    public bool RefusesWhenFull { get; init; }

    /// <summary>Lines of its log, in which time, that are kept; <c>log-rate</c>; null: what log.yaml says for all.</summary>
    public PollLimit? LogRate { get; init; }

    /// <summary>How often its sockets may wake init: connections that are taken, starts on demand; <c>poll-limit</c>.</summary>
    public PollLimit PollLimit { get; init; } = new(200, TimeSpan.FromSeconds(2));

    /// <summary>Its one socket is its stdin besides, as for the wait services of inetd; <c>socket-stdin</c>.</summary>
    public bool SocketStdin { get; init; }

    /// <summary>User name or number that it runs as; <c>user</c>; null is root.</summary>
    public string? User { get; init; }

    /// <summary>Group name or number; <c>group</c>; null is the user's own.</summary>
    public string? Group { get; init; }

    /// <summary>Added to the minimal environment (PATH, and HOME, USER, SHELL of its user); <c>environment</c>.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Working directory; <c>directory</c>.</summary>
    public string Directory { get; init; } = "/";

    /// <summary>File mode creation mask, octal; <c>umask</c>.</summary>
    public uint Umask { get; init; } = 0x12; // 0022

    /// <summary>Resource limits, by the names of prlimit(1) in lower case (nofile, nproc, core ...); <c>rlimits</c>.</summary>
    public IReadOnlyDictionary<string, ResourceLimit> ResourceLimits { get; init; } = new Dictionary<string, ResourceLimit>();

    /// <summary>Directory below /run made for it and owned by its user before it starts; <c>runtime-directory</c>.</summary>
    public string? RuntimeDirectory { get; init; }

    /// <summary>Terminal that becomes stdin, stdout, stderr and the controlling terminal; <c>tty</c>.</summary>
    /// <remarks>Always below /dev/: <c>tty: ttyS0</c> and <c>tty: /dev/ttyS0</c> are the same.</remarks>
    public string? Terminal { get; init; }

    /// <summary>The one service that receives the output of all others; <c>logger</c>.</summary>
    public bool Logger { get; init; }

    /// <summary>Goes on running through a soft reboot; <c>survives-soft-reboot</c>.</summary>
    public bool SurvivesSoftReboot { get; init; }

    /// <summary>The group whose cgroup, with its limits, it shares with others; <c>slice</c>; null for none.</summary>
    public string? Slice { get; init; }

    /// <summary>Priorities, privileges, cgroup limits and sandbox of its process.</summary>
    internal ProcessSettings Process { get; init; } = ProcessSettings.Default;

    /// <summary>Files of <c>NAME.yaml.d</c> that were merged over <see cref="File"/>, in their order.</summary>
    public IReadOnlyList<string> DropIns { get; init; } = [];

    /// <summary>The file that a position is in.</summary>
    internal string FileAt(Position position) => position.Source == 0 ? File : DropIns[position.Source - 1];

    /// <summary>What it is looked at for until it is ready; <c>ready</c>.</summary>
    public ProbeSettings? Ready { get; init; }

    /// <summary>What it is looked at for while it runs; <c>health</c>.</summary>
    public ProbeSettings? Health { get; init; }

    /// <summary>The longest silence of a service that sends WATCHDOG=1; <c>watchdog</c>; null is any.</summary>
    public TimeSpan? Watchdog { get; init; }

    /// <summary>How many descriptors it may leave with us (FDSTORE=1), to find them at its next start; <c>fd-store</c>.</summary>
    public int DescriptorLimit { get; init; }

    /// <summary>Run before its program, which is started only if this ends with 0; <c>pre-start</c>.</summary>
    public IReadOnlyList<string> PreStart { get; init; } = [];

    /// <summary>Asks it to stop, in place of the signal; <c>stop-command</c>.</summary>
    public IReadOnlyList<string> StopCommand { get; init; } = [];

    /// <summary>Run after each run of it, when nothing of that is left; <c>post-stop</c>.</summary>
    public IReadOnlyList<string> PostStop { get; init; } = [];

    /// <summary>Makes it read its own configuration anew; <c>reload-command</c>.</summary>
    public IReadOnlyList<string> ReloadCommand { get; init; } = [];

    /// <summary>The signal number that makes it read its own configuration anew; <c>reload-signal</c>; 0 is none.</summary>
    public int ReloadSignal { get; init; }

    /// <summary>How long each of its helper commands may take; <c>helper-timeout</c>.</summary>
    public TimeSpan HelperTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where in <see cref="File"/> the names of other services stand, for messages about the set as a whole.</summary>
    internal IReadOnlyList<ServiceReference> References { get; init; } = [];
}
