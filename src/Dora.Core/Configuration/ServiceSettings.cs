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

    /// <summary>What happens when it ends by itself; <c>restart</c>.</summary>
    public RestartPolicy Restart { get; init; } = new();

    /// <summary>How it says that it is ready; <c>notify</c>.</summary>
    public ReadinessProtocol Notify { get; init; } = ReadinessProtocol.None;

    /// <summary>How long a start may take until it is ready, or for a oneshot until it has ended; <c>start-timeout</c>.</summary>
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
    public string? Terminal { get; init; }
}

/// <summary>What its process is to us.</summary>
public enum ServiceType
{
    /// <summary>Its process runs until it is stopped.</summary>
    Daemon,

    /// <summary>Its process does one thing and ends; it counts as done with exit code 0.</summary>
    Oneshot,
}

/// <summary>What a template makes instances of.</summary>
public enum InstanceSource
{
    /// <summary>Not a template.</summary>
    None,

    /// <summary>One for each wired network interface, those that appear later included; the argument is its name.</summary>
    WiredInterface,

    /// <summary>One for each console of the machine (serial line, screen); the argument is the terminal's name.</summary>
    Console,
}

/// <summary>When a service is started.</summary>
public enum StartCondition
{
    /// <summary>When the machine boots.</summary>
    Boot,

    /// <summary>When something needs it or an operator asks.</summary>
    Demand,
}

/// <summary>How a service says that it is ready.</summary>
public enum ReadinessProtocol
{
    /// <summary>Ready as soon as its program runs.</summary>
    None,

    /// <summary>It writes a newline to the descriptor whose number is in NOTIFY_FD (the protocol of s6).</summary>
    Descriptor,
}

/// <summary>When a service is started again after its process ended by itself.</summary>
public enum RestartCondition
{
    /// <summary>Whatever the exit code, except 125.</summary>
    Always,

    /// <summary>On a signal or an exit code other than 0 and 125.</summary>
    OnFailure,

    /// <summary>Not at all.</summary>
    Never,
}

/// <summary>
/// The restart policy: the n-th restart in a row waits Delay x Factor^(n-1), at most Cap; a run of at least
/// <see cref="ResetAfter"/> starts the count anew; more than <see cref="Limit"/> in a row is a final failure.
/// </summary>
public sealed record RestartPolicy
{
    /// <summary>When at all; <c>restart: always</c> or <c>restart: {when: always}</c>.</summary>
    public RestartCondition When { get; init; } = RestartCondition.OnFailure;

    /// <summary>Wait before the first restart; <c>delay</c>.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Growth from one restart to the next, 1 to 10; <c>factor</c>.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The longest wait; <c>cap</c>.</summary>
    public TimeSpan Cap { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A run this long counts as stable; <c>reset-after</c>.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Restarts in a row until it is given up; <c>limit</c>; 0 is without limit.</summary>
    public int Limit { get; init; }
}

/// <summary>A socket that is opened for a service and kept open while the service is not running.</summary>
/// <param name="Kind">Its family and type.</param>
/// <param name="Address">Port number for tcp and udp, absolute path for unix.</param>
public sealed record SocketSettings(SocketKind Kind, string Address);

/// <summary>Family and type of a held socket.</summary>
public enum SocketKind
{
    /// <summary>Stream on every address of IPv4 and IPv6; <c>tcp: 22</c>.</summary>
    Tcp,

    /// <summary>Stream on a path; <c>unix: /run/web.sock</c>.</summary>
    Unix,
}

/// <summary>A resource limit of setrlimit(2); <see cref="ulong.MaxValue"/> is "unlimited".</summary>
/// <param name="Soft">What is enforced.</param>
/// <param name="Hard">Up to where the process may raise it.</param>
public readonly record struct ResourceLimit(ulong Soft, ulong Hard);
