using System.Text.RegularExpressions;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>docs/services.md against the tables of keys: nothing undocumented, nothing documented that is not there.</summary>
public partial class ServiceDocumentationTests
{
    private readonly string _page = File.ReadAllText(Repository.Find("docs/services.md")!);

    [Fact]
    public void Each_key_has_a_section_and_each_section_a_key() =>
        Assert.Equal(ServiceKeys.All.Select(key => key.Name).Order(),
            Sections().Select(match => match.Groups["name"].Value).Order());

    [Fact]
    public void Each_section_says_form_and_default_as_the_table_does()
    {
        var written = Sections().ToDictionary(match => match.Groups["name"].Value, match => match.Groups["facts"].Value);
        foreach (var key in ServiceKeys.All)
            Assert.Equal($"{key.Name}: *{key.Form}{(key.Default == "" ? "" : $"; {(key.Default == "required" ? "" : "default ")}{key.Default}")}*",
                $"{key.Name}: {written[key.Name]}");
    }

    [Fact]
    public void Keys_of_ready_restart_and_health_are_listed_with_form_and_default()
    {
        var rows = Row().Matches(_page).Select(match => match.Value.Trim()).ToArray();

        Assert.Equal([.. Rows(ScheduleKeys.All), .. Rows(ProbeKeys.Ready), .. Rows(RestartKeys.All), .. Rows(ProbeKeys.Health), .. Rows(SocketKeys.All)], rows);
    }

    private static IEnumerable<string> Rows<T>(IEnumerable<SettingKey<T>> keys) =>
        keys.Select(key => $"| `{key.Name}` | {key.Form} | {key.Default} | {key.Summary} |".Replace("|  |", "| |"));

    [Fact]
    public void Each_resource_limit_and_socket_kind_is_named()
    {
        foreach (string name in ResourceLimitName.Names) Assert.Contains($"`{name}`", _page);
        foreach (var (word, _) in ServiceWords.SocketKinds) Assert.Contains($"`{word}: ", _page);
    }

    [Fact]
    public void Each_group_of_system_calls_is_named()
    {
        foreach (string name in SystemCallGroup.Names) Assert.Contains($"\n| `{name}` | ", _page);
    }

    [Fact]
    public void Each_example_is_a_service_without_problems()
    {
        var examples = Example().Matches(_page);
        Assert.NotEmpty(examples);
        foreach (Match example in examples)
            Assert.Equal("", string.Join("\n", ServiceFileReader.Read("example.yaml", example.Groups[1].Value).Problems));
    }

    [Fact]
    public void Each_key_of_a_process_is_in_an_example()
    {
        string examples = string.Concat(Example().Matches(_page).Select(match => "\n" + match.Groups[1].Value));
        Assert.Empty(ProcessKeys.All.Where(key => !examples.Contains($"\n{key.Name}:")).Select(key => key.Name));
    }

    [Fact]
    public void Defaults_of_the_tables_are_those_of_the_records()
    {
        var settings = ServiceFileReaderTests.Load("command: /bin/a");
        Assert.Equal(Default("start-timeout"), DurationText.Format(settings.StartTimeout));
        Assert.Equal(Default("stop-timeout"), DurationText.Format(settings.StopTimeout));
        Assert.Equal(Default("stop-signal"), SignalName.Of(settings.StopSignal));
        Assert.Equal(Default("max-connections"), settings.MaxConnections.ToString());
        Assert.Equal(Default("helper-timeout"), DurationText.Format(settings.HelperTimeout));
        Assert.Equal(Default("fd-store"), settings.DescriptorLimit.ToString());
        string ready = string.Join(", ", ProbeKeys.Ready.Where(key => key.Default != "").Select(key => $"{key.Name}: {key.Default}"));
        string health = string.Join(", ", ProbeKeys.Health.Where(key => key.Default != "").Select(key => $"{key.Name}: {key.Default}"));
        var given = ServiceFileReaderTests.Load($"command: /bin/a\nready: {{tcp: 1, {ready}}}\nhealth: {{tcp: 1, {health}}}");
        var bare = ServiceFileReaderTests.Load("command: /bin/a\nready: {tcp: 1}\nhealth: {tcp: 1}");
        Assert.Equivalent(given.Ready, bare.Ready);
        Assert.Equivalent(given.Health, bare.Health);
        Assert.Equal(Default("umask"), Convert.ToString(settings.Umask, 8).PadLeft(3, '0'));
        Assert.Equal(Default("directory"), settings.Directory);
        Assert.Equal((ServiceType.Daemon, StartCondition.Boot, ReadinessProtocol.None, RestartCondition.OnFailure),
            (settings.Type, settings.Start, settings.Notify, settings.Restart.When));

        string written = string.Join(", ", RestartKeys.All.Select(key => $"{key.Name}: {key.Default}"));
        Assert.Equal(new RestartPolicy(), ServiceFileReaderTests.Load($"command: /bin/a\nrestart: {{{written}}}").Restart);
    }

    private static string Default(string key) => ServiceKeys.All.Single(row => row.Name == key).Default;

    private MatchCollection Sections() => Section().Matches(_page);

    [GeneratedRegex(@"^### (?<name>[a-z-]+)\n(?<facts>[^\n]*)", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| `[a-z0-9-]+` \|.*$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
