using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary><c>ready</c>, <c>health</c> and what else services say and are asked: every key, every way to get it wrong.</summary>
public class ProbeSettingsTests
{
    [Fact]
    public void Each_kind_of_ready_reaches_its_property()
    {
        var tcp = Ready("{tcp: 80, interval: 1s, timeout: 2s}");
        Assert.Equal((ProbeKind.Tcp, 80, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), (tcp.Kind, tcp.Port, tcp.Interval, tcp.Timeout));
        var unix = Ready("{unix: /run/web.sock}");
        Assert.Equal((ProbeKind.Unix, "/run/web.sock", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5)), (unix.Kind, unix.Path, unix.Interval, unix.Timeout));
        var file = Ready("{file: /run/web.pid}");
        Assert.Equal((ProbeKind.File, "/run/web.pid"), (file.Kind, file.Path));
        var command = Ready("{command: [/bin/check, now]}");
        Assert.Equal(ProbeKind.Command, command.Kind);
        Assert.Equal(["/bin/check", "now"], command.Command);
    }

    [Theory]
    [InlineData("http://localhost", 80, "/")]
    [InlineData("http://localhost:8080", 8080, "/")]
    [InlineData("http://127.0.0.1:1/a?b=c%20d", 1, "/a?b=c%20d")]
    [InlineData("'http://[::1]/x'", 80, "/x")]
    [InlineData("'http://[::1]:99/x'", 99, "/x")]
    public void An_address_on_this_machine_is_taken_apart(string address, int port, string path)
    {
        var http = Ready($"{{http: {address}}}");
        Assert.Equal((ProbeKind.Http, port, path), (http.Kind, http.Port, http.Path));
    }

    [Fact]
    public void Health_and_the_rest_reach_their_properties()
    {
        var settings = ServiceFileReaderTests.Load("""
            command: /bin/a
            notify: systemd
            health: {command: /bin/check, interval: 1m, timeout: 1s, threshold: 5, action: none}
            watchdog: 30s
            fd-store: 16
            pre-start: [/bin/prepare, a b]
            stop-command: /bin/ctl stop
            reload-command: /bin/ctl reload
            helper-timeout: none

            """);
        var health = settings.Health!;
        Assert.Equal((ProbeKind.Command, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), 5, false), (health.Kind, health.Interval, health.Timeout, health.Threshold, health.Restarts));
        Assert.Equal((ReadinessProtocol.Systemd, TimeSpan.FromSeconds(30), 16, DurationText.Endless),
            (settings.Notify, settings.Watchdog!.Value, settings.DescriptorLimit, settings.HelperTimeout));
        Assert.Equal(["/bin/prepare", "a b"], settings.PreStart);
        Assert.Equal(["/bin/ctl", "stop"], settings.StopCommand);
        Assert.Equal(["/bin/ctl", "reload"], settings.ReloadCommand);
        Assert.Equal(1, ServiceFileReaderTests.Load("command: /bin/a\nreload-signal: HUP\n").ReloadSignal);
    }

    [Fact]
    public void Without_them_nothing_is_looked_at()
    {
        var settings = ServiceFileReaderTests.Load("command: /bin/a\n");
        Assert.Null(settings.Ready);
        Assert.Null(settings.Health);
        Assert.Null(settings.Watchdog);
        Assert.Equal((0, 0), (settings.ReloadSignal, settings.PreStart.Count + settings.StopCommand.Count + settings.ReloadCommand.Count));
    }

    [Fact]
    public void A_template_puts_its_argument_into_all_of_them()
    {
        var template = ServiceFileReaderTests.Load("command: /bin/a\nfor-each: console\nready: {file: /run/%i.pid}\nhealth: {command: [/bin/c, '%i%%']}\n"
            + "pre-start: [/bin/p, '%i']\nstop-command: [/bin/s, '%i']\npost-stop: [/bin/c, '%i']\nreload-command: [/bin/r, '%i']\n");
        var instance = ServiceTemplate.Instantiate(template, "tty1");
        Assert.Equal("/run/tty1.pid", instance.Ready!.Path);
        Assert.Equal(["/bin/c", "tty1%"], instance.Health!.Command);
        Assert.Equal(["/bin/p", "tty1", "/bin/s", "tty1", "/bin/c", "tty1", "/bin/r", "tty1"], [.. instance.PreStart, .. instance.StopCommand, .. instance.PostStop, .. instance.ReloadCommand]);
        Assert.Equal("/run/%i.pid", template.Ready!.Path);
    }

    [Theory]
    [InlineData("ready: 80", "8: ready: expected a mapping such as {tcp: 80}, found a word")]
    [InlineData("ready: [tcp]", "8: ready: expected a mapping such as {tcp: 80}, found a list")]
    [InlineData("ready: {}", "8: ready: says nothing to look at; write one of tcp, unix, http, file and command")]
    [InlineData("ready: {interval: 1s}", "8: ready: says nothing to look at; write one of tcp, unix, http, file and command")]
    [InlineData("ready: {tcp: 80, unix: /run/a}", "24: ready.unix: a second thing to look at; one is enough")]
    [InlineData("ready: {port: 80}", "9: unknown key 'ready.port'")]
    [InlineData("ready: {tcp: 0}", "14: ready.tcp: '0' is not a whole number from 1 to 65535")]
    [InlineData("ready: {tcp: 65536}", "14: ready.tcp: '65536' is not a whole number from 1 to 65535")]
    [InlineData("ready: {tcp: [80]}", "14: ready.tcp: expected a number, found a list")]
    [InlineData("ready: {tcp: }", "9: ready.tcp: has no value; leave the key out or give it one (port)")]
    [InlineData("ready: {unix: run/a}", "15: ready.unix: the socket: the path 'run/a' has to be absolute (begin with '/')")]
    [InlineData("ready: {unix: [a]}", "15: ready.unix: expected an absolute path, found a list")]
    [InlineData("ready: {file: a}", "15: ready.file: the path 'a' has to be absolute (begin with '/')")]
    [InlineData("ready: {file: /a, interval: 1s}", "8: ready: a file is waited for without tries; leave out 'interval' and 'timeout'")]
    [InlineData("ready: {command: check}", "18: ready.command: the program 'check' has to be absolute (begin with '/')")]
    [InlineData("ready: {tcp: 80, interval: 1ms}", "28: ready.interval: '1ms' is too short: at least 10ms")]
    [InlineData("ready: {tcp: 80, threshold: 3}", "18: unknown key 'ready.threshold'")]
    [InlineData("ready: {http: localhost}", "15: ready.http: 'localhost' is not an address such as http://localhost:8080/health")]
    [InlineData("ready: {http: 'https://localhost/'}", "15: ready.http: 'https://localhost/' is not an address such as http://localhost:8080/health")]
    [InlineData("ready: {http: 'http://example.org/'}", "15: ready.http: 'example.org' is not this machine; write localhost, 127.0.0.1 or [::1]")]
    [InlineData("ready: {http: 'http://user@localhost/'}", "15: ready.http: 'user@localhost' is not this machine; write localhost, 127.0.0.1 or [::1]")]
    [InlineData("ready: {http: 'http://localhost:0/'}", "15: ready.http: '0' is not a port from 1 to 65535")]
    [InlineData("ready: {http: 'http://localhost:/'}", "15: ready.http: '' is not a port from 1 to 65535")]
    [InlineData("ready: {http: \"http://localhost/a\\r\\nb\"}", "15: ready.http: the path may hold printable characters of ASCII only, and no '#'; write others as %XX")]
    [InlineData("ready: {http: 'http://localhost/a b'}", "15: ready.http: the path may hold printable characters of ASCII only, and no '#'; write others as %XX")]
    [InlineData("health: {file: /run/a}", "10: unknown key 'health.file'")]
    [InlineData("health: {tcp: 80, threshold: 0}", "30: health.threshold: '0' is not a whole number from 1 to 1000")]
    [InlineData("health: {tcp: 80, action: reboot}", "27: health.action: 'reboot' is not one of restart, none")]
    [InlineData("health: {}", "9: health: says nothing to look at; write one of tcp, unix, http and command")]
    [InlineData("watchdog: 30", "11: watchdog: '30' is not a duration: write a unit: 30s")]
    [InlineData("watchdog: none", "11: watchdog: 'none' is not possible here; write a duration such as 5s")]
    [InlineData("watchdog: 1ms", "11: watchdog: '1ms' is too short: at least 10ms")]
    [InlineData("fd-store: 129", "11: fd-store: '129' is not a whole number from 0 to 128")]
    [InlineData("fd-store: -1", "11: fd-store: '-1' is not a whole number from 0 to 128")]
    [InlineData("pre-start: prepare", "12: pre-start: the program 'prepare' has to be absolute (begin with '/')")]
    [InlineData("pre-start: []", "12: pre-start: is empty; write the program, then its arguments")]
    [InlineData("stop-command: '/bin/kill $MAINPID'", "15: stop-command: no shell reads this, and it holds '$'; write a list: [/bin/sh, -c, '...']")]
    [InlineData("reload-command: {a: b}", "17: reload-command: expected a list: program and arguments, found a mapping")]
    [InlineData("reload-signal: HPU", "16: reload-signal: 'HPU' is not a signal; write its name, such as TERM or HUP; did you mean 'HUP'?")]
    public void A_wrong_value_is_told_with_its_place(string line, string message)
    {
        string extra = line.StartsWith("watchdog", StringComparison.Ordinal) || line.StartsWith("fd-store", StringComparison.Ordinal) ? "\nnotify: systemd" : "";
        ServiceFileReaderTests.AssertProblems($"{line}{extra}\ncommand: /bin/a\n", $"1:{message}");
    }

    [Theory]
    [InlineData("ready: {tcp: 1}\nnotify: fd", "1:1: ready: it says by 'notify' when it is ready; leave one of them out")]
    [InlineData("ready: {tcp: 1}\ntype: oneshot", "1:1: ready: a oneshot is ready when it has ended; leave out 'ready'")]
    [InlineData("health: {tcp: 1}\ntype: oneshot", "1:1: health: a oneshot does not stay; leave out 'health'")]
    [InlineData("watchdog: 1s", "1:1: watchdog: needs 'notify: systemd': its signs of life are WATCHDOG=1")]
    [InlineData("watchdog: 1s\nnotify: fd", "1:1: watchdog: needs 'notify: systemd': its signs of life are WATCHDOG=1")]
    [InlineData("fd-store: 3", "1:1: fd-store: needs 'notify: systemd': descriptors come with FDSTORE=1")]
    [InlineData("post-stop: [/bin/s]\nper-connection: true\nsockets: [{tcp: 80}]", "1:1: post-stop: goes with one process that stays, not with 'per-connection'")]
    [InlineData("stop-command: /bin/s\ntype: oneshot", "1:1: stop-command: a oneshot that is done has nothing to stop; leave out 'stop-command'")]
    [InlineData("reload-command: /bin/r\nreload-signal: HUP", "1:1: reload-command: there is a 'reload-signal' already; leave one of them out")]
    [InlineData("reload-signal: HUP\ntype: oneshot", "1:1: reload-signal: goes with one process that stays")]
    [InlineData("helper-timeout: 5s", "1:1: helper-timeout: has no meaning without 'pre-start', 'stop-command', 'post-stop' or 'reload-command'")]
    [InlineData("pre-start: /bin/p\nsockets: [tcp: 1]\nper-connection: true", "1:1: pre-start: goes with one process that stays, not with 'per-connection'")]
    public void What_makes_no_sense_together_is_told(string lines, string message) =>
        ServiceFileReaderTests.AssertProblems($"{lines}\ncommand: /bin/a\n", message);

    [Fact]
    public void A_percent_sign_without_meaning_in_a_template_is_told() =>
        ServiceFileReaderTests.AssertProblems("command: /bin/a\nfor-each: console\npre-start: [/bin/p, '%x']\n",
            "2:1: pre-start: '%x' has no meaning in a template: %i is the instance's argument, %% a percent sign");

    private static ProbeSettings Ready(string text) => ServiceFileReaderTests.Load($"command: /bin/a\nready: {text}\n").Ready!;
}
