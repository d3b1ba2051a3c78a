using System.Diagnostics;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>File systems at the end: in order, with a second way for what is busy, and without waiting for what is lost.</summary>
public class FinishTests
{
    const int PoweredOff = 2;

    [Fact]
    public void Mounts_on_mounts_are_all_unmounted_and_a_disk_is_clean()
    {
        using var disk = new Ext4Disk();
        using (var init = new InitInNamespace(new Dictionary<string, string>()))
        {
            init.Get("/v1/machine");
            using var mounted = disk.MountIn(init, "/mnt");
            init.Run("mkdir /mnt/inner && mount -t tmpfs inner /mnt/inner && mkdir /mnt/inner/deep && mount -t tmpfs deep /mnt/inner/deep && echo kept >/mnt/file").Expect();
            init.RunEnd("/pandora/poweroff");
            Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(20)));
        }
        Assert.Matches(@"Filesystem state:\s+clean\n", disk.Superblock());
        Assert.DoesNotContain("needs_recovery", disk.Superblock());
        Assert.Equal("kept\n", Programs.Run(TimeSpan.FromSeconds(30), "debugfs", "-R", "cat file", disk.Path).Expect());
    }

    [Fact]
    public void A_busy_file_system_is_made_read_only_and_the_machine_ends_all_the_same()
    {
        using var disk = new Ext4Disk();
        using var init = new InitInNamespace(new Dictionary<string, string>());
        init.Get("/v1/machine");
        using var mounted = disk.MountIn(init, "/mnt");
        init.Run("echo kept >/mnt/file").Expect();
        // A process of another pid namespace has its working directory there: nothing here can end it.
        using var holder = Process.Start(new ProcessStartInfo("nsenter", ["--target", init.Pid.ToString(), "--mount", "--root", "sh", "-c", "cd /mnt && exec sleep 60"]))!;
        using var log = new FileStream(init.Inside("/dev/kmsg"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        init.WaitFor("the holder", () => File.ResolveLinkTarget($"/proc/{holder.Id}/cwd", false)?.FullName.EndsWith("/mnt") == true);
        init.RunEnd("/pandora/poweroff");
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(20)));
        string text = new StreamReader(log).ReadToEnd();
        Assert.Contains("finish: /mnt (ext4) is busy: made read-only", text);
        // Read-only and so clean, though it was never unmounted.
        string state = disk.Superblock();
        holder.Kill();
        holder.WaitForExit();
        Assert.DoesNotContain("needs_recovery", state);
    }

    [Fact]
    public void A_lost_disk_costs_no_more_than_the_declared_limits()
    {
        string source = Path.Combine(InitInNamespace.Repository(), "tests/Dora.Boot.Tests/HelperPrograms/silent-fuse.c");
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            // Hangs in the kernel: neither TERM nor KILL ends it.
            ["stuck"] = "command: [/bin/sh, -c, 'until [ -e /run/lost ]; do sleep 0.1; done; exec cat /mnt/file']\nstop-timeout: 1s\n",
            ["web"] = "command: [/bin/sleep, '1000']\n",
        }, files => Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-O1", "-o", Path.Combine(files, "pandora/silent-fuse"), source).Expect());
        init.WaitForState("stuck", "running");
        init.Run("mkdir /mnt; mknod /dev/fuse c 10 229").Expect();
        // The server is a process of another pid namespace: a disk does not end with the machine either.
        using var fuse = Process.Start(new ProcessStartInfo("nsenter", ["--target", init.Pid.ToString(), "--mount", "--root", "/pandora/silent-fuse", "/mnt"]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("mounted", fuse.StandardOutput.ReadLine());
            using var log = new FileStream(init.Inside("/dev/kmsg"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            init.Run("touch /run/lost").Expect();
            init.WaitFor("a process that hangs in the kernel", () => init.ProcessesIn("dora/services/stuck").Any(pid => InitInNamespace.CommandLine(pid) == "cat /mnt/file"));
            Thread.Sleep(200);
            long start = Stopwatch.GetTimestamp();
            init.RunEnd("/pandora/dora poweroff");
            string text = "";
            init.WaitFor("the last word", () =>
            {
                log.Seek(0, SeekOrigin.Begin);
                text = new StreamReader(log, leaveOpen: true).ReadToEnd();
                return text.Contains("guard: power off (processes");
            }, TimeSpan.FromSeconds(60));
            // Services: 1 s and 10 s for each that hangs; processes 3 + 3 s; this mount 2 x 5 s a round, once unmounted and once read-only.
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 10, 11 + 6 + 30);
            Assert.Contains("stuck: failed: its processes cannot be killed", text);
            Assert.Contains("processes are left that cannot be killed", text);
            Assert.Contains("waiting for stuck (killing)", text);
        }
        finally
        {
            fuse.Kill(); // aborts what hangs
            fuse.WaitForExit();
        }
        Assert.Equal(PoweredOff, init.WaitForEnd(TimeSpan.FromSeconds(10)));
    }
}
