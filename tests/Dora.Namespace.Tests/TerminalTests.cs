using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>A service on a terminal: script(1) of another one makes the terminal and shows what is written to it.</summary>
public class TerminalTests
{
    [Fact]
    public void A_terminal_is_its_controlling_one_its_streams_and_its_users()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["screen"] = "command: [/usr/bin/script, --flush, --quiet, --command, 'sleep 1000', /run/screen]\n",
            ["person"] = """
                command: [/bin/sh, -c, 'tty; stat -c "%u %a" /dev/pts/0; echo to the screen >/dev/tty; tty <&1; id -u; ps -o tty= -o tpgid= -p $$; echo $$; exec sleep 1000']
                tty: pts/0
                user: plain
                start: demand

                """,
            ["split"] = "type: oneshot\ncommand: [/bin/sh, -c, 'tty; tty <&1 || echo no >&2']\ntty: pts/0\nstdout: truncate:/run/split\nstderr: none\nstart: demand\n",
        });
        init.WaitForState("screen", "running");
        // Its own command takes the terminal as the controlling one; who does so before is robbed of it.
        init.WaitFor("its command", () => init.ProcessesIn("dora/services/screen").Any(pid => InitInNamespace.CommandLine(pid) == "sleep 1000"));
        Assert.Equal("done", init.Change("start", "person").GetProperty("status").GetString());
        string screen = init.WaitFor("what it writes", () => Lines("/run/screen") is { Length: >= 8 } lines && lines[7].Length > 0 ? string.Join('|', lines[1..8]) : null)!;
        string[] told = screen.Split('|');
        Assert.Equal(["/dev/pts/0", "1234 620", "to the screen", "/dev/pts/0", "1234"], told[..5]);
        Assert.Equal(["pts/0", told[6]], told[5].Split(' ', StringSplitOptions.RemoveEmptyEntries)); // it is in the foreground
        init.Change("stop", "person");

        init.Change("start", "split");
        init.WaitForState("split", "done");
        Assert.Equal(["/dev/pts/0", "not a tty"], Lines("/run/split")[..2]);
        Assert.Equal("0", init.Run("stat -c %u /dev/pts/0").Output.Trim());

        string[] Lines(string path) => File.Exists(init.Inside(path)) ? File.ReadAllText(init.Inside(path)).Replace("\r", "").Split('\n') : [];
    }
}
