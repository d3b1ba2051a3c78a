using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 3: what takes the place of what runs, on a real kernel: init by `dora init upgrade`, userspace by a soft reboot,
/// the kernel by kexec (one machine for all, in this order, since each leaves it running); and a watchdog that resets the
/// machine when nobody is left to feed it.
/// </summary>
public class ReplacementTests
{
    const string BootId = "cat /proc/sys/kernel/random/boot_id";

    [Fact]
    public void Init_userspace_and_kernel_are_replaced()
    {
        using var machine = Machine.Start(new MachineOptions { Name = "replacement", Iso = Artifacts.Iso, MemoryMb = 512 });
        machine.WaitForSsh();
        string boot = machine.SshOutput(BootId);

        // The session that asks goes on, and so does PID 1's name.
        Assert.Equal($"init: upgraded to /sbin/init\n{boot}\ninit", machine.SshOutput($"dora init upgrade /sbin/init && {BootId} && cat /proc/1/comm"));
        Assert.StartsWith("/memfd:init", machine.SshOutput("readlink /proc/1/exe"));

        int manager = machine.ManagerPid();
        int from = machine.Transcript.End;
        machine.Ssh("dora soft-reboot");
        machine.WaitForLine("soft reboot: all services are down, starting anew", TimeSpan.FromSeconds(40), "the soft reboot", from);
        machine.WaitForSsh();
        Assert.Equal(boot, machine.SshOutput(BootId));
        Assert.NotEqual(manager, machine.ManagerPid());
        Assert.Equal("listening", machine.SshOutput("dora service list | awk '$1 == \"sshd\" { print $2 }'"));

        from = machine.Transcript.End;
        machine.Ssh("dora kexec");
        machine.WaitForLine(@"guard: reboot by kexec \(processes", TimeSpan.FromSeconds(40), "kexec", from);
        machine.WaitForSsh();
        Assert.NotEqual(boot, machine.SshOutput(BootId));
    }

    [Fact]
    public void A_watchdog_that_nobody_feeds_resets_the_machine()
    {
        // softdog: the kernel `virt` has no driver for the watchdog that QEMU offers (i6300esb).
        using var machine = Machine.Start(new MachineOptions { Name = "watchdog", Iso = Artifacts.Iso, CommandLine = $"{Artifacts.CommandLine} pandora.watchdog=10" });
        machine.WaitForSsh();
        machine.SshOutput("modprobe softdog; until dmesg | grep -q 'watchdog: /dev/watchdog resets the machine when init is silent for 10 s'; do sleep 0.2; done",
            TimeSpan.FromSeconds(20));
        machine.SshOutput("sleep 12"); // it is fed
        // Every manager is stopped as soon as there is one: nobody answers, nothing is fed.
        machine.SshOutput("(while :; do for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in 'init manager '*) kill -STOP ${p#/proc/} ;; esac; done; done) >/dev/null 2>&1 </dev/null &");
        Assert.Equal("guest-reset", machine.WaitForEnd(TimeSpan.FromSeconds(60), "the watchdog's reset"));
    }
}
