using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The watchdog is a plain file here: each byte in it is one feeding, and a V at its end says that it was let go.</summary>
public class WatchdogTests
{
    static InitInNamespace Start(string commandLine) => new(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" }, files =>
    {
        File.WriteAllText(Path.Combine(files, "etc/test-cmdline"), commandLine + "\n");
        File.WriteAllText(Path.Combine(files, "etc/test-watchdog"), "");
    });

    static byte[] Fed(InitInNamespace init) => File.ReadAllBytes(init.Inside("/dev/watchdog"));

    [Fact]
    public void It_is_fed_while_the_manager_answers_and_let_go_at_the_end()
    {
        using var init = Start("pandora.watchdog=3");
        init.WaitForState("web", "running");
        init.WaitForLog("resets the machine when init is silent for 3 s");
        int before = Fed(init).Length;
        Thread.Sleep(3200);
        Assert.InRange(Fed(init).Length - before, 2, 4);

        // A manager that hangs is found by the ping alone: nothing else is owed here.
        int manager = init.ManagerPid();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -STOP {manager}").Expect();
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager, TimeSpan.FromSeconds(6));
        init.WaitForLog("does not answer the watchdog's ping");
        before = Fed(init).Length;
        init.WaitFor("to be fed again", () => Fed(init).Length > before, TimeSpan.FromSeconds(5));

        using var file = File.OpenRead(init.Inside("/dev/watchdog"));
        init.RunEnd("/pandora/poweroff");
        init.WaitForEnd(TimeSpan.FromSeconds(15));
        file.Seek(-1, SeekOrigin.End);
        Assert.Equal('V', file.ReadByte());
    }

    [Fact]
    public void A_reboot_leaves_it_running_for_the_case_that_it_hangs()
    {
        using var init = Start("pandora.watchdog=30");
        init.WaitForState("web", "running");
        using var file = File.OpenRead(init.Inside("/dev/watchdog"));
        init.RunEnd("/pandora/reboot");
        init.WaitForEnd(TimeSpan.FromSeconds(15));
        file.Seek(-1, SeekOrigin.End);
        Assert.Equal(0, file.ReadByte());
    }

    [Fact]
    public void It_can_be_turned_off_and_is_kept_through_an_upgrade()
    {
        using (var off = Start("pandora.watchdog=off"))
        {
            off.WaitForState("web", "running");
            Assert.Empty(Fed(off));
        }
        using var init = Start("pandora.watchdog=3");
        init.WaitForState("web", "running");
        init.Run("/pandora/dora init upgrade /pandora/init").Expect();
        int before = Fed(init).Length;
        init.WaitFor("to be fed by the new guard", () => Fed(init).Length > before + 1, TimeSpan.FromSeconds(5));
        Assert.DoesNotContain((byte)'V', Fed(init));
    }
}
