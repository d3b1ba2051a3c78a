using System.Text.RegularExpressions;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Lines go to rsyslog, as anybody has it, over UDP, TCP and TLS; every one, also when rsyslog is away for a while.</summary>
public partial class ForwardingTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    // What was sent, as rsyslog understood it: priority, host, program, pid, structured data, text.
    const string Common = """
        module(load="imudp")
        module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
        global(workDirectory="/run" DefaultNetstreamDriver="ossl" maxMessageSize="16k"
               DefaultNetstreamDriverCAFile="/etc/pki/ca.pem" DefaultNetstreamDriverCertFile="/etc/pki/server.pem" DefaultNetstreamDriverKeyFile="/etc/pki/server.key")
        template(name="all" type="string" string="%pri%|%hostname%|%app-name%|%procid%|%structured-data%|%msg%\n")
        input(type="imudp" address="127.0.0.1" port="514" rcvbufSize="1m")
        """;

    static string Receiver(string input) => Common.Replace("StreamDriver.Mode=\"1\"", input.Contains("6514") ? "StreamDriver.Mode=\"1\"" : "StreamDriver.Mode=\"0\"")
        + $"\n{input}\naction(type=\"omfile\" file=\"/run/received\" template=\"all\")\n";

    static InitInNamespace Start(string to, string input, string more = "", Action<string>? prepare = null) => new(new Dictionary<string, string>
    {
        ["syslog"] = "command: [/pandora/syslog, --ring=16777216]\nuser: plain\nlogger: true\nrestart: always\n",
        ["rsyslog"] = "command: [/usr/sbin/rsyslogd, -n, -f, /etc/rsyslog-test.conf, -i, /run/rsyslog.pid]\nstart: demand\nrestart: never\n",
        ["log-forward"] = "for-each: argument\ncommand: [/pandora/syslog, forward, '%i']\nnotify: systemd\nstart-timeout: none\nrestart: always\n",
        ["log-forwards"] = "type: oneshot\nstart: demand\ncommand: [/pandora/syslog, forwards]\nrestart: never\n",
        ["talks"] = "type: oneshot\nstart: demand\ncommand: [/bin/sh, -c, 'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i of talks; [ $((i % 40)) -ne 0 ] || sleep 0.02; done; echo the last']\nneeds: [syslog]\n",
    }, files =>
    {
        prepare?.Invoke(files);
        File.WriteAllText(Path.Combine(files, "etc/rsyslog-test.conf"), Receiver(input));
        File.WriteAllText(Path.Combine(files, "etc/dora/log.yaml"), $"forward:\n  - name: central\n    to: {to}\n{more}");
        string pki = Directory.CreateDirectory(Path.Combine(files, "etc/pki")).FullName;
        foreach (string command in new[]
        {
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-ca",
            "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=logs.test -addext subjectAltName=DNS:logs.test",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out server.pem",
        }) Programs.Run(s_limit, "sh", "-c", $"cd '{pki}' && openssl {command}").Expect();
    });

    static string[] Received(InitInNamespace init) => File.Exists(init.Inside("/run/received")) ? File.ReadAllLines(init.Inside("/run/received")) : [];

    static void WaitForTheLast(InitInNamespace init) =>
        init.WaitFor("the last line", () => Received(init).Any(line => line.EndsWith("|the last") || line.EndsWith("| the last")), s_limit);

    [GeneratedRegex("^(?<pri>\\d+)\\|(?<host>[^|]*)\\|talks\\|-\\|\\[meta sequenceId=\"(?<id>\\d+)\"\\]\\| ?(?<text>line \\d+ of talks)$")]
    private static partial Regex Line();

    static List<Match> Lines(InitInNamespace init) => [.. Received(init).Select(line => Line().Match(line)).Where(match => match.Success)];

    static void AssertEveryLineIsThere(InitInNamespace init)
    {
        var lines = Lines(init);
        string host = init.Run("cat /proc/sys/kernel/hostname").Expect().Trim();
        Assert.All(lines, match => Assert.Equal(("30", host), (match.Groups["pri"].Value, match.Groups["host"].Value)));
        // A line that comes twice has the same number.
        var distinct = lines.DistinctBy(match => match.Groups["id"].Value).OrderBy(match => int.Parse(match.Groups["id"].Value)).Select(match => match.Groups["text"].Value);
        Assert.Equal(Enumerable.Range(1, 2000).Select(i => $"line {i} of talks"), distinct);
    }

    [Theory]
    [InlineData("udp://127.0.0.1", "", "")]
    [InlineData("tcp://127.0.0.1:1514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"1514\")", "")]
    [InlineData("tcp://127.0.0.1:1514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"1514\")", "    framing: lines\n")]
    [InlineData("tls://127.0.0.1:6514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"6514\")", "    ca: /etc/pki/ca.pem\n    server-name: logs.test\n")]
    public void Rsyslog_gets_every_line_as_it_was(string to, string input, string more)
    {
        using var init = Start(to, input, more);
        init.Run("/pandora/dora service start rsyslog").Expect();
        init.Run("/pandora/dora service start log-forwards").Expect();
        init.WaitForState("log-forward@central", "running");
        init.Run("/pandora/dora service start talks").Expect();
        WaitForTheLast(init);
        AssertEveryLineIsThere(init);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1:1514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"1514\")", "")]
    [InlineData("tls://127.0.0.1:6514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"6514\")", "    ca: /etc/pki/ca.pem\n    server-name: logs.test\n")]
    public void What_is_written_while_rsyslog_is_away_comes_when_it_is_back_also_through_a_restart(string to, string input, string more)
    {
        using var init = Start(to, input, more);
        init.Run("/pandora/dora service start rsyslog && /pandora/dora service start log-forwards").Expect();
        init.WaitForState("log-forward@central", "running");
        init.WaitFor("a first line", () => Received(init).Length > 0, s_limit);
        init.Run("/pandora/dora service stop rsyslog").Expect();
        init.Run("/pandora/dora service start talks").Expect();
        init.WaitFor("that it is known to be away", () => init.Run("/pandora/dora service status log-forward@central").Output.Contains("waits for"), s_limit);
        // Neither a new process of its own nor another syslog loses what is to be sent.
        init.Run("/pandora/dora service stop log-forward@central; /pandora/dora service restart syslog").Expect();
        init.Run("/pandora/dora service start rsyslog && /pandora/dora service restart log-forwards").Expect();
        WaitForTheLast(init);
        AssertEveryLineIsThere(init);
    }

    // The ids of boots are the kernel's, and this kernel has had one boot: files of others, and a position in the first of them.
    [Fact]
    public void What_earlier_boots_have_left_over_is_sent_first()
    {
        string storage = Directory.CreateTempSubdirectory("pandora-storage-").FullName;
        try
        {
            using var init = Start("tcp://127.0.0.1:1514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"1514\")", prepare: files =>
            {
                Directory.CreateDirectory(Path.Combine(files, "data"));
                File.WriteAllText(Path.Combine(files, "etc/test-storage"), storage);
            });
            init.WaitFor("files of the log", () => File.Exists(Path.Combine(storage, "log/current.log")));
            string Left(string boot, int number, int day) =>
                $"# pandora log 1 boot={boot}000000000000000000000000 opened=1 after=0\n" + string.Concat(Enumerable.Range(1, number).Select(i => $"2020-01-0{day}T00:00:00.{i:000000}Z 1.000000 {i} daemon.info output old: {boot} {i}\n"));
            File.WriteAllText(Path.Combine(storage, "log/00000000-20200101T000000Z-20200101T000001Z-0badcafe.log"), Left("0badcafe", 500, 1));
            File.WriteAllText(Path.Combine(storage, "log/00000001-20200102T000000Z-20200102T000001Z-1badcafe.log"), Left("1badcafe", 300, 2));
            init.Run("mkdir -p /var/lib/dora/log-forward && echo '0badcafe-0000-0000-0000-000000000000 490' >/var/lib/dora/log-forward/central").Expect();
            init.Run("/pandora/dora service start rsyslog && /pandora/dora service start log-forwards && /pandora/dora service start talks").Expect();
            WaitForTheLast(init);
            AssertEveryLineIsThere(init);
            var old = Received(init).Select(line => Regex.Match(line, @"\|old\|.*\| ?(\wbadcafe \d+)$")).Where(match => match.Success).Select(match => match.Groups[1].Value).Distinct();
            Assert.Equal(Enumerable.Range(491, 10).Select(i => $"0badcafe {i}").Concat(Enumerable.Range(1, 300).Select(i => $"1badcafe {i}")), old);
            init.WaitFor("a position in this boot", () => !init.Run("cat /var/lib/dora/log-forward/central").Output.Contains("badcafe"));
        }
        finally
        {
            Directory.Delete(storage, true);
        }
    }

    [Fact]
    public void A_certificate_of_another_name_or_maker_gets_no_line()
    {
        using var init = Start("tls://127.0.0.1:6514", "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"6514\")", "    ca: /etc/pki/ca.pem\n    server-name: other.test\n");
        init.Run("/pandora/dora service start rsyslog && /pandora/dora service start log-forwards").Expect();
        init.WaitFor("the refusal", () => init.Run("/pandora/dora log log-forward@central -n 50").Output.Contains("verify error"), s_limit);
        init.WaitFor("what it says", () => init.Run("/pandora/dora service status log-forward@central").Output.Contains("the connection was closed"), s_limit);
        Assert.DoesNotContain(Received(init), line => line.Contains("meta sequenceId"));
    }
}
