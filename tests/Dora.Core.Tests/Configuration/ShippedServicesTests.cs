using System.Diagnostics;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Linux;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>The service files and accounts that the image ships.</summary>
public class ShippedServicesTests
{
    private static ServiceSet Load() => ServiceDirectory.Load([Repository.Find("image/rootfs/usr/lib/dora/services")!]);

    [Fact]
    public void Every_shipped_service_file_is_read_without_a_problem()
    {
        var set = Load();

        Assert.Empty(set.DirectoryProblems);
        Assert.Empty(set.NamesWithProblems.SelectMany(set.ProblemsOf).Select(problem => problem.ToString()));
        Assert.Equal(["console", "dhcp", "fstrim", "log-forward", "log-forwards", "mount", "mounts", "scrub", "sshd", "sshd-keys", "storage-link", "syslog"], set.Services.Keys);
    }

    [Theory]
    [InlineData("scrub", "0 4 1 * *")]
    [InlineData("fstrim", "0 3 * * SUN")]
    public void What_is_done_from_time_to_time_is_a_job_that_is_made_up_for(string name, string time)
    {
        var settings = Load().Services[name];
        Assert.Equal([time], settings.Schedule!.Texts());
        Assert.True(settings.Schedule is { RunsMissed: true, Overlap: OverlapPolicy.Skip });
        Assert.Equal((ServiceType.Oneshot, RestartCondition.Never), (settings.Type, settings.Restart.When));
    }

    // Whether a file system of the kind is there, and what the program that does it says.
    [Theory]
    [InlineData("scrub", 1, "exit 9", 0, "")]
    [InlineData("scrub", 0, "echo dora $*", 0, "dora disk scrub\n")]
    [InlineData("scrub", 0, "exit 1", 1, "")]
    [InlineData("fstrim", 1, "exit 9", 0, "")]
    [InlineData("fstrim", 0, "echo trimmed $*", 0, "trimmed -v /data\n")]
    [InlineData("fstrim", 0, "echo 'fstrim: /data: FITRIM: Operation not supported' >&2; exit 1", 0, "")]
    [InlineData("fstrim", 0, "echo 'fstrim: /data: Not supported' >&2; exit 1", 0, "")]
    [InlineData("fstrim", 0, "echo 'fstrim: /data: FITRIM: Input/output error' >&2; exit 1", 1, "")]
    public void It_is_quiet_where_there_is_nothing_to_do_and_fails_where_it_cannot(string name, int grep, string program, int code, string output)
    {
        string folder = Directory.CreateTempSubdirectory("pandora-shipped-").FullName;
        try
        {
            foreach (var (stub, text) in new[] { ("grep", $"exit {grep}"), ("dora", program), ("fstrim", program) })
            {
                File.WriteAllText($"{folder}/{stub}", $"#!/bin/sh\n{text}\n");
                Assert.Equal(Errno.None, Sys.ChangeMode($"{folder}/{stub}", 0x1C0));
            }
            var command = Load().Services[name].Command;
            var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["PATH"] = folder;
            using var process = Process.Start(start)!;
            string errors = process.StandardError.ReadToEnd();
            Assert.Equal(output, process.StandardOutput.ReadToEnd());
            process.WaitForExit();
            Assert.Equal(code, process.ExitCode);
            Assert.Equal(code != 0 && name == "fstrim", errors.Contains("error"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Every_account_that_a_shipped_service_names_is_in_the_image()
    {
        var users = UserDatabase.Load(Repository.Find("image/rootfs/etc/passwd")!, Repository.Find("image/rootfs/etc/group")!);

        foreach (var service in Load().Services.Values)
        {
            if (service.User is not null) Assert.NotNull(users.FindUser(service.User));
            if (service.Group is not null) Assert.NotNull(users.FindGroup(service.Group));
        }
    }
}
