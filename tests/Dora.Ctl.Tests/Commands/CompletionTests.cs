using System.Diagnostics;
using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class CompletionTests
{
    private const string Services = """[{"name":"sshd","type":"daemon","state":"listening"},{"name":"syslog","type":"daemon","state":"running"},{"name":"dhcp@eth0","type":"daemon","state":"running"}]""";

    private static string[] Complete(params string[] words)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/services", 200, Services);
        var (code, output, error) = CannedServer.Run(["complete", "--socket", server.SocketPath, "--", .. words]);
        Assert.Equal((0, ""), (code, error));
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[0])];
    }

    [Fact]
    public void Commands_are_completed()
    {
        Assert.Contains("service", Complete(""));
        Assert.DoesNotContain("complete", Complete(""));
        Assert.Equal(["service"], Complete("ser"));
        Assert.Equal(["start", "status", "stop"], Complete("service", "st").Order());
        Assert.Equal(["completion"], Complete("comp"));
    }

    [Fact]
    public void Names_of_services_are_completed_where_one_is_expected()
    {
        Assert.Equal(["sshd", "syslog"], Complete("service", "restart", "s"));
        Assert.Equal(["dhcp@eth0"], Complete("service", "status", "dhcp@"));
        Assert.Equal(["sshd", "syslog"], Complete("log", "-n", "5", "s"));
        Assert.Equal(["sshd", "syslog", "dhcp@eth0"], Complete("service", "stop", "sshd", ""));
        Assert.Empty(Complete("service", "status", "sshd", ""));
    }

    [Fact]
    public void Names_of_disks_are_completed_where_one_is_expected()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/machine/disks", 200, """[{"name":"sda","path":"/dev/sda","model":"Disk 3000"},{"name":"vda","path":"/dev/vda"}]""");
        Assert.Equal("sda\tDisk 3000\nvda\n", CannedServer.Run("complete", "--socket", server.SocketPath, "--", "disk", "show", "").Out);
        Assert.Equal("vda\n", CannedServer.Run("complete", "--socket", server.SocketPath, "--", "disk", "claim", "--dry-run", "v").Out);
    }

    [Fact]
    public void Options_and_their_values_are_completed()
    {
        Assert.Equal(["--follow"], Complete("log", "--f"));
        Assert.Contains("--json", Complete("service", "list", "--"));
        Assert.Equal(["memory"], Complete("top", "--sort", "m"));
        Assert.Equal(["up"], Complete("service", "pin", "sshd", "u"));
        Assert.Equal([":file"], Complete("boot", "--plot", ""));
        Assert.Equal(["bash"], Complete("completion", "b"));
    }

    [Fact]
    public void Behind_two_dashes_stands_a_command()
    {
        Assert.Equal([":command"], Complete("run", "--", "ma"));
        Assert.Equal([":file"], Complete("run", "--", "make", "a"));
    }

    [Fact]
    public void Without_a_manager_there_are_no_names() => Assert.Equal((0, "", ""), CannedServer.Run("complete", "--socket", "/nowhere/s", "--", "service", "start", ""));

    /// <summary>The real shells with a stand-in for dora, which answers what the real one would for a few lines.</summary>
    [Theory]
    [InlineData("bash", "dora ser", "service")]
    [InlineData("bash", "dora service status dhcp@e", "@eth0")]
    [InlineData("bash", "dora service status x", "x1 x:2")]
    [InlineData("fish", "dora ser", "service")]
    [InlineData("fish", "dora service status dhcp@e", "dhcp@eth0")]
    [InlineData("zsh", "dora ser", "service")]
    [InlineData("zsh", "dora service status dhcp@e", "dhcp@eth0")]
    public void The_shells_complete(string shell, string line, string expected)
    {
        if (!File.Exists($"/usr/bin/{shell}") && !File.Exists($"/bin/{shell}")) Assert.Fail($"{shell} is not installed: tests/run does that");
        string folder = Directory.CreateTempSubdirectory("dora-shell-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "dora"), """
                #!/bin/sh
                shift
                [ "$1" = -- ] && shift
                for last; do :; done
                for item in "service	services" "dhcp@eth0	running" "x1" "x:2"; do
                    case $item in "$last"*) printf '%s\n' "$item" ;; esac
                done
                """);
            Dora.Core.Linux.Sys.ChangeMode(Path.Combine(folder, "dora"), 0x1C0 /* 0700 */);
            var (_, script, _) = CannedServer.Run("completion", shell);
            File.WriteAllText(Path.Combine(folder, "script"), script);
            string driver = shell switch
            {
                "bash" => $"""
                    source {folder}/script
                    COMP_LINE='{line}' COMP_POINT={line.Length}
                    _dora
                    echo "${"{COMPREPLY[*]}"}"
                    """,
                "fish" => $"source {folder}/script; complete -C '{line}' | string replace -r '\\t.*' ''",
                _ => $$"""
                    autoload -Uz compinit && compinit -u -d {{folder}}/dump
                    source {{folder}}/script
                    _describe() { for item in $items; do print -r -- "${item%%:[^:]*}"; done; }
                    words=({{line}}) CURRENT=$#words
                    _dora
                    """,
            };
            Assert.Contains(expected, RunShell(shell, folder, driver));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string RunShell(string shell, string folder, string driver)
    {
        string[] plain = shell switch { "bash" => ["--norc", "--noprofile", "-c"], "zsh" => ["-f", "-c"], _ => ["--no-config", "-c"] };
        var start = new ProcessStartInfo(shell, [.. plain, driver]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = folder;
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(20000), "the shell hangs");
        return output + error;
    }
}
