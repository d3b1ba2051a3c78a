using System.Diagnostics;
using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 2: "`dora reboot`, `dora poweroff`, Ctrl-Alt-Del and the ACPI power button all end the machine in order
/// (services stopped in reverse order, file systems clean) within their stated limits, even when a service ignores
/// TERM." The image has a chain of services a, b, c and one that ignores TERM (make-overlay); an ext4 file system is
/// mounted and written to right before.
/// </summary>
public abstract class EndingTests
{
    const string Shutdown = "guest-shutdown", Reset = "guest-reset";

    /// <summary>The stubborn service's own 3 s, the guard's limits behind it (docs/boot.md), and an emulated processor.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Hardware.IsVirtual ? 20 : 40);

    // One class each, so that two can run beside each other.
    public class Poweroff : EndingTests
    {
        [Fact]
        public void Dora_poweroff_ends_the_machine_in_order() => EndInOrder("poweroff", machine => machine.Ssh("dora poweroff"), Shutdown);
    }

    public class Reboot : EndingTests
    {
        [Fact]
        public void Dora_reboot_ends_the_machine_in_order() => EndInOrder("reboot", machine => machine.Ssh("dora reboot"), Reset);
    }

    public class CtrlAltDel : EndingTests
    {
        [Fact]
        public void Ctrl_alt_del_ends_the_machine_in_order() => EndInOrder("ctrl-alt-del", machine => machine.PressCtrlAltDelete(), Reset);
    }

    public class PowerButton : EndingTests
    {
        [Fact]
        public void The_acpi_power_button_ends_the_machine_in_order() => EndInOrder("power-button", machine => machine.PressPowerButton(), Shutdown);
    }

    public class WithoutManager : EndingTests
    {
        // The guard alone: the manager cannot answer. Its limit for that comes before the end by force.
        [Fact]
        public void Poweroff_works_while_the_manager_is_stopped()
        {
            using var machine = Boot("stopped-manager", disk: null);
            int manager = machine.ManagerPid();
            machine.SshOutput($"kill -STOP {manager}; (sleep 1; poweroff) >/dev/null 2>&1 &");
            Assert.Equal(Shutdown, machine.WaitForEnd(s_limit + TimeSpan.FromSeconds(30), "poweroff with a stopped manager"));
        }
    }

    static void EndInOrder(string name, Action<Machine> end, string reason)
    {
        string folder = Directory.CreateTempSubdirectory("pandora-ending-").FullName;
        try
        {
            string disk = Path.Combine(folder, "disk");
            using (var file = File.Create(disk)) file.SetLength(16 << 20);
            Programs.Run(TimeSpan.FromSeconds(30), "mke2fs", "-q", "-t", "ext4", disk).Expect();
            using (var machine = Boot("end-by-" + name, disk))
            {
                machine.WaitForService("order-c", "running", line => line.State == "running", TimeSpan.FromSeconds(30));
                machine.WaitForService("stubborn", "running", line => line.State == "running", TimeSpan.FromSeconds(30));
                machine.SshOutput("modprobe ext4 2>/dev/null; mkdir -p /run/disk && mount -t ext4 /dev/vda /run/disk && echo kept >/run/disk/file");
                int from = machine.Transcript.End;
                long start = Stopwatch.GetTimestamp();
                end(machine);
                Assert.Equal(reason, machine.WaitForEnd(s_limit, name));
                var took = Stopwatch.GetElapsedTime(start);
                Assert.True(took > TimeSpan.FromSeconds(2.5), $"it ended after {took.TotalSeconds:F1} s: the service that ignores TERM had not its 3 s");

                string text = machine.Transcript.Text[from..];
                var stopped = Regex.Matches(text, "order-([abc]): stopped").Select(match => match.Groups[1].Value);
                Assert.True(stopped.SequenceEqual(["c", "b", "a"]), "not stopped in reverse order of their start:\n" + text);
                Assert.DoesNotContain("by force", text);
            }
            // A clean file system needs no journal replay, and what was written last is there.
            string state = Programs.Run(TimeSpan.FromSeconds(30), "dumpe2fs", "-h", disk).Expect();
            Assert.Matches(@"Filesystem state:\s+clean\n", state);
            Assert.DoesNotContain("needs_recovery", state);
            Programs.Run(TimeSpan.FromSeconds(30), "e2fsck", "-fn", disk).Expect();
            Assert.Equal("kept\n", Programs.Run(TimeSpan.FromSeconds(30), "debugfs", "-R", "cat file", disk).Expect());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static Machine Boot(string name, string? disk)
    {
        var machine = Machine.Start(new MachineOptions { Name = name, Iso = Artifacts.TestIso, Disks = disk is null ? [] : [disk] });
        try
        {
            machine.WaitForSsh();
            return machine;
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }
}
