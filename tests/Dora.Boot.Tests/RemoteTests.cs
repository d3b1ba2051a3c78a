using System.Diagnostics;
using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>`dora --host`: the host's dora, ssh, and on the machine nothing but sshd.</summary>
[Collection(nameof(RunningMachine))]
public sealed class RemoteTests : IDisposable
{
    readonly Machine _machine;
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-remote-").FullName;

    public RemoteTests(RunningMachine running)
    {
        _machine = running.Machine;
        Directory.CreateDirectory(Path.Combine(_folder, "tmp"));
        // What a user has in ~/.ssh/config, for an ssh that must not read this host's.
        string options = string.Join(' ', SshSession.CommonOptions(_machine).Select(word => $"'{word}'"));
        string ssh = Path.Combine(_folder, "ssh");
        File.WriteAllText(ssh, $"#!/bin/sh\nexec /usr/bin/ssh {options} -i '{Artifacts.BuiltInKey}' \"$@\"\n");
        Programs.Run(TimeSpan.FromSeconds(5), "chmod", "755", ssh).Expect();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    Outcome Dora(string arguments) => Programs.Run(TimeSpan.FromSeconds(60), "sh", "-c",
        $"PATH={_folder}:$PATH TMPDIR={_folder}/tmp {Artifacts.Dora} --host root@127.0.0.1 {arguments}");

    [Fact]
    public void Commands_work_on_another_machine_and_leave_nothing_behind()
    {
        var list = Dora("service list");
        Assert.Equal((0, ""), (list.ExitCode, list.Errors));
        Assert.Contains("sshd", list.Output);
        // "Since" is told by the clock of that machine: nothing there runs for longer than it does.
        Assert.DoesNotContain(" d ", list.Output);
        Assert.Contains(_machine.SshOutput("cat /proc/sys/kernel/osrelease"), Dora("version").Output);

        var run = Dora("run -- sh -c 'echo out; echo err >&2; exit 7'");
        Assert.Equal((7, "out\n"), (run.ExitCode, run.Output));
        Assert.Contains("err", run.Errors);

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder, "tmp")));
        Assert.DoesNotContain(Process.GetProcessesByName("ssh"), ssh => CommandLine(ssh.Id).Contains(_folder, StringComparison.Ordinal));
    }

    [Fact]
    public void An_ssh_that_cannot_connect_is_told_at_once_and_dora_that_is_killed_takes_it_along()
    {
        var nowhere = Programs.Run(TimeSpan.FromSeconds(30), "sh", "-c", $"PATH={_folder}:$PATH TMPDIR={_folder}/tmp {Artifacts.Dora} --host nobody@127.0.0.1 version");
        Assert.Equal(5, nowhere.ExitCode);
        Assert.Contains("nobody@127.0.0.1: ssh could not connect to it", nowhere.Errors);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder, "tmp")));

        var dora = new ProcessStartInfo(Artifacts.Dora, ["--host", "root@127.0.0.1", "events", "-f"]) { RedirectStandardOutput = true };
        dora.Environment["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}";
        dora.Environment["TMPDIR"] = _folder + "/tmp";
        using var process = Process.Start(dora)!;
        Assert.NotNull(process.StandardOutput.ReadLine());
        Assert.Contains(Process.GetProcessesByName("ssh"), ssh => CommandLine(ssh.Id).Contains(_folder, StringComparison.Ordinal));
        process.Kill();
        process.WaitForExit();
        var limit = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        while (Process.GetProcessesByName("ssh").Any(ssh => CommandLine(ssh.Id).Contains(_folder, StringComparison.Ordinal)))
        {
            Assert.True(DateTime.UtcNow < limit, "ssh goes on without dora");
            Thread.Sleep(50);
        }
    }

    static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
