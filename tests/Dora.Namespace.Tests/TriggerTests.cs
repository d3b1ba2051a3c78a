using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary><c>on</c>: the world starts a service, by the kernel's events.</summary>
public class TriggerTests
{
    const string Note = "command: [/bin/sh, -c, 'echo x >>/run/NAME.runs; exec sleep 1000']\nstart: demand\nrestart: never\n";

    [Fact]
    public void A_path_a_change_and_a_device_start_services_and_their_watches_are_freed()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["path"] = Text("path", "on: {path: /run/a/b/ready}"),
            ["mounted"] = Text("mounted", "on: {path: /run/disk/ready}"),
            ["changed"] = "type: oneshot\nstart: demand\non: {changed: /run/list}\ncommand: [/bin/sh, -c, 'cat /run/list >>/run/changed.runs']\n",
            ["folder"] = Text("folder", "on: {changed: /run/spool}"),
            ["device"] = Text("device", "on: {device: /dev/new}"),
            ["there"] = Text("there", "on: {path: /etc/passwd}"),
        });
        init.WaitForState("there", "running");
        foreach (string name in new[] { "path", "mounted", "changed", "folder", "device" }) init.WaitForState(name, "armed");
        Assert.Equal("starts when /run/a/b/ready is there", init.Service("path").Reason);
        int watches = Watches(init);
        Assert.InRange(watches, 5, 10);

        // Folders that appear one after the other; what is not a device; what is mounted.
        init.Run("mkdir /run/a; mkdir -p /run/a/b /run/a/x; touch /run/a/x/ready; touch /dev/new; mkdir /run/disk").Expect();
        Thread.Sleep(200);
        Assert.Equal(("armed", "armed"), (init.Service("path").State, init.Service("device").State));
        init.Run("touch /run/a/b/ready; rm /dev/new; mknod /dev/new c 1 3; mount -t tmpfs none /run/disk; touch /run/disk/ready").Expect();
        foreach (string name in new[] { "path", "device", "mounted" }) init.WaitForState(name, "running");

        string Seen() => string.Join(' ', Runs(init, "changed").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct());
        init.Run("echo one >/run/list; mkdir /run/spool").Expect();
        init.WaitForState("folder", "running");
        init.WaitFor("the first change", () => Seen() == "one"); // perhaps with a run before, for the empty file, or after, for what was written then
        init.Run("echo two >/run/list").Expect();
        init.WaitFor("the next one", () => Seen() == "one two");
        init.WaitFor("the watches of services that run to be let go", () => Watches(init) < watches);
        init.Run("umount /run/disk").Expect();
    }

    [Fact]
    public void What_happens_while_no_manager_runs_is_seen_by_the_next()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["path"] = Text("path", "on: {path: /run/ready}"),
            ["late"] = Text("late", "on: {path: /run/later}"),
            ["there"] = "command: [/bin/true]\nstart: demand\non: {path: /etc/passwd}\n",
        });
        init.WaitForState("late", "armed");
        init.WaitFor("the end of there", () => init.Service("there").State == "armed");
        int manager = init.ManagerPid();
        Signal(manager, "STOP");
        init.Run("touch /run/ready").Expect();
        Signal(manager, "KILL");
        init.WaitForState("path", "running");
        Assert.Equal("armed", init.WaitForState("late", "armed").State);
        init.Run("touch /run/later").Expect();
        init.WaitForState("late", "running");
        Assert.Equal("armed", init.Service("there").State); // the condition that still holds does not start it again
        Assert.Equal(1, init.KernelLog.Split("there: running").Length - 1);
    }

    [Fact]
    public void The_network_starts_services_when_it_has_a_carrier_and_an_address()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["cable"] = Text("cable", "on: {network: carrier}"),
            ["net"] = Text("net", "on: {network: up}"),
            ["again"] = "command: [/bin/sh, -c, 'echo x >>/run/again.runs']\nstart: demand\non: {network: up}\n",
        });
        foreach (string name in new[] { "cable", "net", "again" }) init.WaitForState(name, "armed"); // loopback is up
        init.Run("ip link add one type veth peer name two; ip link set one up").Expect();
        Thread.Sleep(100);
        Assert.Equal("armed", init.Service("cable").State);
        init.Run("ip link set two up").Expect();
        init.WaitForState("cable", "running");
        Assert.Equal("armed", init.Service("net").State);
        init.Run("ip addr add 10.1.2.3/24 dev one").Expect();
        init.WaitForState("net", "running");
        init.WaitFor("its run", () => Runs(init, "again") == "x" && init.Service("again").State == "armed");
        Thread.Sleep(300);
        init.Run("ip addr del 10.1.2.3/24 dev one; sleep 0.2; ip addr add 10.1.2.4/24 dev one").Expect();
        init.WaitFor("another run", () => Runs(init, "again") == "x\nx");
        Assert.Equal("running", init.Service("net").State);
    }

    static string Text(string name, string on) => Note.Replace("NAME", name) + on + "\n";

    static string Runs(InitInNamespace init, string name) =>
        File.Exists(init.Inside($"/run/{name}.runs")) ? File.ReadAllText(init.Inside($"/run/{name}.runs")).Trim() : "";

    static int Watches(InitInNamespace init) =>
        Directory.EnumerateFiles($"/proc/{init.ManagerPid()}/fd").Count(IsWatch);

    static bool IsWatch(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, false)?.Name.Contains("inotify") == true;
        }
        catch (IOException)
        {
            return false; // closed in the meantime
        }
    }

    static void Signal(int pid, string signal) => Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -{signal} {pid}").Expect();
}
