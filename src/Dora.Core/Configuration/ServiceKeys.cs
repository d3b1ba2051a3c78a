namespace Dora.Core.Configuration;

/// <summary>
/// Every key of a service file: to add a setting, add a line here (and its property, and its section in
/// docs/services.md, which a test compares with this table).
/// </summary>
internal static class ServiceKeys
{
    public static readonly IReadOnlyList<SettingKey<ServiceDraft>> All =
    [
        Key("description", "text", "", "One line for people.", (s, v) => s with { Description = v.Line() }),
        Key("type", "daemon, oneshot or group", "daemon", "Whether its process stays, does one thing and ends, or there is none.", (s, v) => s with { Type = v.Choice(ServiceWords.Types) }),
        Key("command", "list of words", "required", "The program, by absolute path, and its arguments.", (s, v) => s with { Command = v.Command() }),
        Key("for-each", "wired-interface, console or argument", "", "Makes it a template: one instance for each of these.", (s, v) => s with { ForEach = v.Choice(ServiceWords.InstanceSources) }),
        Key("start", "boot or demand", "boot", "When it is started.", (s, v) => s with { Start = v.Choice(ServiceWords.StartConditions) }),
        References("needs", "Services that must run for it to run; started with it.", (s, names) => s with { Needs = names }),
        References("wants", "Services that are started with it and may fail.", (s, names) => s with { Wants = names }),
        References("after", "Services that, if they are being started too, go first.", (s, names) => s with { After = names }),
        References("before", "Services that, if they are being started too, go after it.", (s, names) => s with { Before = names }),
        References("milestone", "Services that must have been up once for it to start; started with it.", (s, names) => s with { Milestone = names }),
        Key("on", "path, changed, device or network", "", "What starts it by itself.", (s, v) => s with { On = v.Trigger() }),
        Key("schedule", "expression, list of expressions or a mapping", "", "When a oneshot is run by itself.", (s, v) => s with { Schedule = v.Schedule() }),
        Key("unless", "path", "", "What makes a oneshot done without being run.", (s, v) => s with { Unless = v.Condition() }),
        Key("restart", "always, on-failure, never or a mapping", "on-failure", "What happens when it ends by itself.", (s, v) => s with { Restart = v.Restart() }),
        Key("success", "list of exit codes and signals", "0", "Ends that are no failure, besides exit code 0.", (s, v) => s with { Success = v.SuccessfulEnds() }),
        new("on-failure", "nothing, reboot or start: SERVICE", "nothing", "What follows when it is given up.",
            (draft, v) => draft with { Settings = draft.Settings with { OnFailure = v.FailureReaction(draft.References) } }),
        Key("notify", "none, fd or systemd", "none", "How it says that it is ready.", (s, v) => s with { Notify = v.Choice(ServiceWords.ReadinessProtocols) }),
        Key("start-timeout", "duration or none", "1m", "How long a start may take.", (s, v) => s with { StartTimeout = v.Duration(TimeSpan.FromMilliseconds(1), mayBeEndless: true) }),
        Key("stop-signal", "name of a signal", "TERM", "The signal that asks it to stop.", (s, v) => s with { StopSignal = v.Signal() }),
        Key("stop-timeout", "duration", "5s", "How long it may take to stop before it is killed.", (s, v) => s with { StopTimeout = v.Duration(TimeSpan.Zero) }),
        Key("sockets", "list of sockets", "", "Sockets that are held open for it.", (s, v) => s with { Sockets = v.Sockets() }),
        Key("per-connection", "true or false", "false", "One process for each connection.", (s, v) => s with { PerConnection = v.Boolean() }),
        Key("max-connections", "number from 1 to 4096", "64", "Connections at once, with per-connection.", (s, v) => s with { MaxConnections = v.Integer(1, 4096) }),
        Key("max-connections-per-source", "number from 1 to 4096", "", "Connections at once of one address, with per-connection.", (s, v) => s with { MaxConnectionsPerSource = v.Integer(1, 4096) }),
        Key("when-full", "wait or refuse", "wait", "What happens to connections beyond max-connections.", (s, v) => s with { RefusesWhenFull = v.Choice(ServiceWords.WhenFull) }),
        Key("poll-limit", "number/duration or none", "200/2s", "How often its sockets may wake init.", (s, v) => s with { PollLimit = v.PollLimit() }),
        Key("socket-stdin", "true or false", "false", "Its one socket is its stdin too.", (s, v) => s with { SocketStdin = v.Boolean() }),
        Key("user", "name or number", "root", "The user that it runs as.", (s, v) => s with { User = v.Account() }),
        Key("group", "name or number", "the user's", "The group that it runs as.", (s, v) => s with { Group = v.Account() }),
        Key("environment", "mapping of names to values", "", "Variables besides PATH, HOME, USER and SHELL.", (s, v) => s with { Environment = v.Environment() }),
        Key("directory", "absolute path", "/", "Its working directory.", (s, v) => s with { Directory = v.AbsolutePath() }),
        Key("umask", "octal number", "022", "Permissions that new files do not get.", (s, v) => s with { Umask = v.Umask() }),
        Key("rlimits", "mapping of limits to values", "", "Resource limits, by the names of prlimit.", (s, v) => s with { ResourceLimits = v.ResourceLimits() }),
        Key("runtime-directory", "path below /run", "", "A directory made for it before it starts.", (s, v) => s with { RuntimeDirectory = v.RuntimeDirectory() }),
        Key("tty", "name of a terminal", "", "The terminal that it runs on.", (s, v) => s with { Terminal = v.Terminal() }),
        Key("ready", "mapping", "", "What it is looked at for until it is ready.", (s, v) => s with { Ready = v.Ready() }),
        Key("health", "mapping", "", "What it is looked at for while it runs.", (s, v) => s with { Health = v.Health() }),
        Key("watchdog", "duration", "", "The longest time without a sign of life.", (s, v) => s with { Watchdog = v.Duration(TimeSpan.FromMilliseconds(10)) }),
        Key("fd-store", "number from 0 to 128", "0", "Descriptors that it may leave for its next start.", (s, v) => s with { DescriptorLimit = v.Integer(0, 128) }),
        Key("pre-start", "list of words", "", "A program that runs first, and has to succeed.", (s, v) => s with { PreStart = v.Command() }),
        Key("stop-command", "list of words", "", "A program that asks it to stop, in place of the signal.", (s, v) => s with { StopCommand = v.Command() }),
        Key("post-stop", "list of words", "", "A program that runs when nothing of a run is left.", (s, v) => s with { PostStop = v.Command() }),
        Key("reload-command", "list of words", "", "A program that makes it read its configuration anew.", (s, v) => s with { ReloadCommand = v.Command() }),
        Key("reload-signal", "name of a signal", "", "The signal that makes it read its configuration anew.", (s, v) => s with { ReloadSignal = v.Signal() }),
        Key("helper-timeout", "duration or none", "30s", "How long each of these programs may take.", (s, v) => s with { HelperTimeout = v.Duration(TimeSpan.FromMilliseconds(1), mayBeEndless: true) }),
        Key("logger", "true or false", "false", "The one service that receives the output of all others.", (s, v) => s with { Logger = v.Boolean() }),
        Key("log-rate", "number/duration or none", "rate of log.yaml", "Lines of its log, in which time, that are kept.", (s, v) => s with { LogRate = v.PollLimit() }),
        Key("survives-soft-reboot", "true or false", "false", "Goes on running through a soft reboot.", (s, v) => s with { SurvivesSoftReboot = v.Boolean() }),
        .. ProcessKeys.All,
    ];

    private static SettingKey<ServiceDraft> Key(string name, string form, string @default, string summary,
        Func<ServiceSettings, SettingValue, ServiceSettings> apply) =>
        new(name, form, @default, summary, (draft, value) => draft with { Settings = apply(draft.Settings, value) });

    private static SettingKey<ServiceDraft> References(string name, string summary,
        Func<ServiceSettings, IReadOnlyList<string>, ServiceSettings> apply) =>
        new(name, "list of services", "", summary,
            (draft, value) => draft with { Settings = apply(draft.Settings, value.ServiceNames(draft.References)) });
}
