namespace Dora.Core.Configuration;

/// <summary>The keys of <c>ready: {...}</c> and <c>health: {...}</c>.</summary>
internal static class ProbeKeys
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(10);

    public static readonly IReadOnlyList<SettingKey<ProbeSettings>> Ready =
    [
        Tcp(), Unix(), Http(),
        Key("file", "absolute path", "", "Ready when this file appears, or is written anew if it was there before.", (probe, value) =>
        {
            probe.Path = value.AbsolutePath();
            value.Chosen(probe, ProbeKind.File);
        }),
        Command(),
        Interval("200ms"), Timeout("5s"),
    ];

    public static readonly IReadOnlyList<SettingKey<ProbeSettings>> Health =
    [
        Tcp(), Unix(), Http(), Command(), Interval("30s"), Timeout("5s"),
        Key("threshold", "number from 1 to 1000", "3", "Failed tries in a row that make it unhealthy.", (probe, value) => probe.Threshold = value.Integer(1, 1000)),
        Key("action", "restart or none", "restart", "What then happens: it is restarted as after a crash, or only shown as unhealthy.",
            (probe, value) => probe.Restarts = value.Choice(ServiceWords.HealthActions)),
    ];

    private static SettingKey<ProbeSettings> Tcp() =>
        Key("tcp", "port", "", "A TCP port on this machine that takes connections.", (probe, value) =>
        {
            probe.Port = value.Integer(1, 65535);
            value.Chosen(probe, ProbeKind.Tcp);
        });

    private static SettingKey<ProbeSettings> Unix() =>
        Key("unix", "absolute path", "", "A Unix stream socket that takes connections.", (probe, value) =>
        {
            probe.Path = value.SocketPath();
            value.Chosen(probe, ProbeKind.Unix);
        });

    private static SettingKey<ProbeSettings> Http() =>
        Key("http", "address on this machine", "", "Such as `http://localhost:8080/health`: answered with a status from 200 to 399.", (probe, value) =>
        {
            value.LoopbackAddress(probe);
            value.Chosen(probe, ProbeKind.Http);
        });

    private static SettingKey<ProbeSettings> Command() =>
        Key("command", "list of words", "", "A program that ends with 0, run as the service's user and in its cgroup.", (probe, value) =>
        {
            probe.Command = value.Command();
            value.Chosen(probe, ProbeKind.Command);
        });

    private static SettingKey<ProbeSettings> Interval(string @default) =>
        Key("interval", "duration", @default, "Wait between two tries.", (probe, value) => probe.Interval = value.Duration(s_shortest));

    private static SettingKey<ProbeSettings> Timeout(string @default) =>
        Key("timeout", "duration", @default, "How long one try may take.", (probe, value) => probe.Timeout = value.Duration(s_shortest));

    private static SettingKey<ProbeSettings> Key(string name, string form, string @default, string summary, Action<ProbeSettings, SettingValue> apply) =>
        new(name, form, @default, summary, (probe, value) =>
        {
            apply(probe, value);
            return probe;
        });
}
