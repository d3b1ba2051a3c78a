using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What a user without rights, another machine or a great many services may do to the log: never make it somebody else's word, nor stop it.</summary>
public class LogHostilityTests
{
    const string Logger = "command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n";

    static List<JsonElement> Lines(InitInNamespace init, string service) =>
        [.. init.LogOf(service).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    static bool Has(InitInNamespace init, string service, string message) =>
        Lines(init, service).Exists(line => line.GetProperty("message").GetString() == message);

    [Fact]
    public void A_tag_is_neither_an_instance_of_a_service_nor_another_machine()
    {
        const string Forge = """
            import os, socket
            os.setuid(65534)
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.connect('/dev/log')
            for tag in (b'sshd@x', b'@10.0.0.7@x', b'@10.0.0.7', b'sshd'): s.send(b'<13>' + tag + b': forged')
            """;
        using var init = new InitInNamespace(new Dictionary<string, string> { ["syslog"] = Logger },
            folder => File.WriteAllText(Path.Combine(folder, "pandora/forge.py"), Forge));
        init.WaitForSyslog();
        init.Run("python3 /pandora/forge.py").Expect();
        init.WaitFor("four lines", () => Lines(init, "").Count(line => line.GetProperty("message").GetString() == "forged") == 4);
        Assert.Equal(["sshd_x?", "_10.0.0.7_x?", "_10.0.0.7?", "sshd?"],
            Lines(init, "").Where(line => line.GetProperty("message").GetString() == "forged").Select(line => line.GetProperty("service").GetString()));
        Assert.Equal("", init.LogOf("sshd") + init.LogOf("@10.0.0.7"));
    }

    [Theory]
    [InlineData("SOCK_DGRAM")]
    [InlineData("SOCK_STREAM")]
    public void A_name_that_just_does_not_fit_stops_nothing(string kind)
    {
        string send = $$"""
            import socket
            s = socket.socket(socket.AF_INET, socket.{{kind}})
            s.connect(('127.0.0.1', 514))
            for length in range(55, 70):
                s.send(b'<13>1 - - - ' + b'A' * length + b' - - x%d\n' % length)
                s.send(b'<13>Nov 21 23:20:01 [' + b'A' * length + b']: y%d\n' % length)
            s.send(b'<13>last\n')
            """;
        using var init = new InitInNamespace(new Dictionary<string, string> { ["syslog"] = Logger }, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "pandora/send.py"), send);
            File.WriteAllText(Path.Combine(folder, "etc/dora/log.yaml"), "receive:\n- udp: 514\n- tcp: 514\n");
        });
        init.WaitForSyslog();
        init.Run("python3 /pandora/send.py").Expect();
        init.WaitFor("the last line", () => Has(init, "@127.0.0.1", "last"));
        Assert.Equal(31, Lines(init, "@127.0.0.1").Count);
        Assert.DoesNotContain(Lines(init, "syslog"), line => line.GetProperty("message").GetString()!.Contains("defect"));
    }

    /// <summary>Pipes beyond what syslog may open wait, and are read when there is room.</summary>
    [Fact]
    public void More_services_than_syslog_may_have_open_files_wait_for_room()
    {
        var files = new Dictionary<string, string> { ["syslog"] = Logger + "rlimits: {nofile: 64}\n" };
        const int Count = 40;
        for (int i = 0; i < Count; i++) files[$"s{i}"] = "command: [/bin/sh, -c, 'echo hello; exec sleep 100000']\nafter: [syslog]\n";
        using var init = new InitInNamespace(files);
        for (int i = 0; i < Count; i++) init.WaitForState($"s{i}", "running");
        // It says so when it is full, and has no room to say it to somebody who asks.
        int without = 0;
        init.WaitFor("some that end", () =>
        {
            init.Request(HttpMethod.Post, $"/v1/services/s{without}/stop");
            init.WaitForState($"s{without}", "stopped");
            without++;
            return Lines(init, "syslog").Exists(line => line.GetProperty("message").GetString()!.Contains("EMFILE"));
        });
        for (; without < 25; without++) init.Request(HttpMethod.Post, $"/v1/services/s{without}/stop");
        for (int i = 0; i < Count; i++)
        {
            string name = $"s{i}";
            init.WaitFor($"the line of {name}", () => Has(init, name, "hello"), TimeSpan.FromSeconds(30));
        }
    }
}
