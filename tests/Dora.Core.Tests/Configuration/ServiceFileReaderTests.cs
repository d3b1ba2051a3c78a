using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class ServiceFileReaderTests
{
    internal const string Everything = """
        # a comment
        description: Web server, the good one
        type: daemon
        command: [/usr/bin/web, --port, "80", '%']
        start: demand
        needs: [db, cache@one]
        wants: mail
        after:
          - network
          - clock
        before: [mail]
        milestone: setup
        success: [3, SIGTERM]
        on-failure: {start: alarm@web}
        restart: {when: always, delay: 1s, factor: 1.5, cap: 1m30s, reset-after: 5 min, limit: 3, within: 10m, jitter: 0.25}
        notify: fd
        start-timeout: 500ms
        stop-signal: SIGINT
        stop-timeout: 1h
        sockets:
          - tcp: 80
          - unix: /run/web.sock
          - unix-datagram: /run/web.dgram
        user: www-data
        group: 33
        environment:
          MODE: "true"
          EMPTY: ''
        directory: /srv
        umask: 0077
        rlimits: {nofile: "1024:4096", core: unlimited, memlock: 64K, as: 2G}
        runtime-directory: web/state
        tty: ttyS0

        """;

    [Fact]
    public void Every_key_reaches_its_property()
    {
        var settings = Load(Everything);

        Assert.Equal("web", settings.Name);
        Assert.Equal("/etc/dora/services/web.yaml", settings.File);
        Assert.Equal("Web server, the good one", settings.Description);
        Assert.Equal(ServiceType.Daemon, settings.Type);
        Assert.Equal(["/usr/bin/web", "--port", "80", "%"], settings.Command);
        Assert.Equal(StartCondition.Demand, settings.Start);
        Assert.Equal(["db", "cache@one"], settings.Needs);
        Assert.Equal(["mail"], settings.Wants);
        Assert.Equal(["network", "clock"], settings.After);
        Assert.Equal(["mail"], settings.Before);
        Assert.Equal(["setup"], settings.Milestone);
        Assert.Equal([new(false, 3), new(true, 15)], settings.Success);
        Assert.Equal(new FailureReaction(false, "alarm@web"), settings.OnFailure);
        Assert.Equal(new RestartPolicy
        {
            When = RestartCondition.Always,
            Delay = TimeSpan.FromSeconds(1),
            Factor = 1.5,
            Cap = TimeSpan.FromSeconds(90),
            ResetAfter = TimeSpan.FromMinutes(5),
            Limit = 3,
            Within = TimeSpan.FromMinutes(10),
            Jitter = 0.25,
        }, settings.Restart);
        Assert.Equal(ReadinessProtocol.Descriptor, settings.Notify);
        Assert.Equal(TimeSpan.FromMilliseconds(500), settings.StartTimeout);
        Assert.Equal(2, settings.StopSignal);
        Assert.Equal(TimeSpan.FromHours(1), settings.StopTimeout);
        Assert.Equal([new(SocketKind.Tcp, "80"), new(SocketKind.Unix, "/run/web.sock"), new(SocketKind.UnixDatagram, "/run/web.dgram")],
            settings.Sockets);
        Assert.Equal("www-data", settings.User);
        Assert.Equal("33", settings.Group);
        Assert.Equal(new Dictionary<string, string> { ["MODE"] = "true", ["EMPTY"] = "" }, settings.Environment);
        Assert.Equal("/srv", settings.Directory);
        Assert.Equal(63u, settings.Umask);
        Assert.Equal(new Dictionary<string, ResourceLimit>
        {
            ["nofile"] = new(1024, 4096),
            ["core"] = new(ulong.MaxValue, ulong.MaxValue),
            ["memlock"] = new(65536, 65536),
            ["as"] = new(2ul << 30, 2ul << 30),
        }, settings.ResourceLimits);
        Assert.Equal("web/state", settings.RuntimeDirectory);
        Assert.Equal("/dev/ttyS0", settings.Terminal);
        Assert.Equal([new("needs", "db", new(6, 9)), new("needs", "cache@one", new(6, 13)), new("wants", "mail", new(7, 8)),
            new("after", "network", new(9, 5)), new("after", "clock", new(10, 5)), new("before", "mail", new(11, 10)),
            new("milestone", "setup", new(12, 12)), new("on-failure", "alarm@web", new(14, 21))], settings.References);
    }

    [Fact]
    public void A_command_alone_is_a_whole_service_with_defaults()
    {
        var settings = Load("command: /usr/bin/web  --port 80\n");

        Assert.Equal(["/usr/bin/web", "--port", "80"], settings.Command);
        Assert.Equal(ServiceType.Daemon, settings.Type);
        Assert.Equal(new RestartPolicy(), settings.Restart);
        Assert.Equal(18u, settings.Umask);
        Assert.False(settings.PerConnection);
        Assert.False(settings.Logger);
        Assert.Null(settings.Terminal);
    }

    [Fact]
    public void The_remaining_keys_reach_their_properties()
    {
        Assert.True(Load("command: /bin/log\nlogger: true\n").Logger);
        Assert.Equal(DurationText.Endless, Load("command: /bin/a\nstart-timeout: none\n").StartTimeout);
        Assert.Equal(DurationText.Endless, Load("command: /bin/a\nstart-timeout: infinite\n").StartTimeout);
        Assert.Equal(InstanceSource.Console, Load("command: /bin/a\nfor-each: console\ntty: '%i'\n").ForEach);
        Assert.Equal(RestartCondition.Never, Load("command: /bin/a\ntype: oneshot\nrestart: never\n").Restart.When);

        var perConnection = Load("command: /bin/a\nsockets: [tcp: 22]\nper-connection: true\nmax-connections: 7\n");
        Assert.True(perConnection.PerConnection);
        Assert.Equal(7, perConnection.MaxConnections);
    }

    [Theory]
    [InlineData("\uFEFFcommand: /bin/a\n")]
    [InlineData("command: /bin/a\r\nuser: web\r\n")]
    [InlineData("---\ncommand: /bin/a\n...\n")]
    [InlineData("{command: [/bin/a], user: web}")]
    [InlineData("command: /bin/a")]
    [InlineData("command:\n- /bin/sh\n- -c\n- |\n  date +%s\n  echo \"ü\"\n")]
    [InlineData("command:\n  - /bin/sh\n  - \"a\\nb\"\n")]
    public void Other_ways_to_write_it_are_fine(string text) => Assert.NotNull(Load(text).Command);

    [Fact]
    public void All_problems_of_a_file_are_reported_in_order()
    {
        AssertProblems("restrat: always\ntype: deamon\nstop-timeout: 5\ncommand: [web]\n",
            "1:1: unknown key 'restrat'; did you mean 'restart'?",
            "2:7: type: 'deamon' is not one of daemon, oneshot, group; did you mean 'daemon'?",
            "3:15: stop-timeout: '5' is not a duration: write a unit: 5s",
            "4:11: command: the program 'web' has to be absolute (begin with '/')");
    }

    [Fact]
    public void Problems_are_bounded_in_number()
    {
        string text = string.Concat(Enumerable.Range(0, 5000).Select(i => $"k{i}: 1\n"));

        var problems = ServiceFileReader.Read("web.yaml", text).Problems;

        Assert.Equal(51, problems.Count);
        Assert.Equal("web.yaml: there are more problems than these; mend these first", problems[^1].ToString());
    }

    [Fact]
    public void Foreign_text_in_a_message_is_one_harmless_line()
    {
        AssertProblems("command: /bin/a\ntype: \"a\\e[31m\\u202e\\nb\"\n",
            "2:7: the value holds the control character U+001B");
        AssertProblems("command: /bin/a\ntype: \"a\\u202e\\nb\"\n",
            "2:7: type: 'a\\u202e\\nb' is not one of daemon, oneshot, group");
        AssertProblems($"command: /bin/a\ntype: {new string('x', 500)}\n",
            $"2:7: type: '{new string('x', 60)}...' is not one of daemon, oneshot, group");
    }

    [Theory]
    [InlineData("web.yaml", null)]
    [InlineData("/a/b/web-2_x.y.yaml", null)]
    [InlineData(".yaml", "'' is not the name of a service: it is empty")]
    [InlineData("a b.yaml", "'a b' is not the name of a service: a-z, A-Z, 0-9, '.', '_' and '-' are allowed, a letter or digit first")]
    [InlineData("dhcp@eth0.yaml", "'dhcp@eth0' is not the name of a service: a-z, A-Z, 0-9, '.', '_' and '-' are allowed, a letter or digit first")]
    [InlineData("-x.yaml", "'-x' is not the name of a service: a-z, A-Z, 0-9, '.', '_' and '-' are allowed, a letter or digit first")]
    public void The_name_of_the_file_is_checked(string path, string? message)
    {
        var file = ServiceFileReader.Read(path, "command: /bin/a\n");

        Assert.Equal(message is null ? [] : [$"{path}: {message}"], file.Problems.Select(problem => problem.ToString()));
        Assert.Equal(message is null, file.Settings is not null);
    }

    [Fact]
    public void A_bad_file_name_hides_no_problem_of_the_content() =>
        Assert.Equal(["a b.yaml: 'a b' is not the name of a service: a-z, A-Z, 0-9, '.', '_' and '-' are allowed, a letter or digit first",
                "a b.yaml:1:1: unknown key 'x'", "a b.yaml:1:1: command: is missing; name the program, such as command: [/usr/bin/web, --port, '80']"],
            ServiceFileReader.Read("a b.yaml", "x: 1\n").Problems.Select(problem => problem.ToString()));

    [Fact]
    public void A_name_of_more_than_64_characters_is_refused() =>
        Assert.Equal("it is longer than 64 characters",
            ServiceFileReader.Read(new string('a', 65) + ".yaml", "command: /bin/a\n").Problems[0].Message.Split(": ")[1]);

    internal static ServiceSettings Load(string text)
    {
        var file = ServiceFileReader.Read("/etc/dora/services/web.yaml", text);
        Assert.Equal("", string.Join("\n", file.Problems));
        return file.Settings!;
    }

    internal static void AssertProblems(string text, params string[] expected) =>
        AssertProblems(System.Text.Encoding.UTF8.GetBytes(text), expected);

    internal static void AssertProblems(byte[] text, params string[] expected)
    {
        var file = ServiceFileReader.Read("/etc/dora/services/web.yaml", text);
        Assert.Null(file.Settings);
        Assert.Equal(string.Join("\n", expected.Select(message => $"/etc/dora/services/web.yaml:{message}")),
            string.Join("\n", file.Problems));
    }
}
