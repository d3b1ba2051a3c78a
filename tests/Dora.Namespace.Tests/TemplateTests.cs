using Dora.Core.Linux;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>A template in `wants` and `after` means all its instances, also those that appear later.</summary>
public class TemplateTests
{
    // What the instances have done when it starts; whole, as soon as it is there.
    const string Tell = "cat /run/seats >/run/new 2>/dev/null; mv /run/new /run/seen; exec sleep 100000";

    // Terminals that the host's kernel knows nothing of, so that the test is the same on every host.
    const string MakeConsoles = """
        for name in fake1 fake2; do mknod -m 600 /dev/$name c 1 3; done
        echo fake1 fake2 >/run/active
        mount --bind /run/active /sys/class/tty/console/active
        """;

    [Fact]
    public void What_wants_a_template_starts_and_waits_for_each_of_its_instances()
    {
        if (!File.Exists("/sys/class/tty/console/active")) return; // a kernel without terminals
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["seat"] = "command: [/bin/sh, -c, 'sleep 1; echo %i >>/run/seats']\ntype: oneshot\nfor-each: console\nstart: demand\n",
            ["app"] = "command: [/bin/sh, -c, '" + Tell + "']\nwants: [seat]\nafter: [seat]\n",
            ["other"] = "command: [/bin/sleep, '100000']\n",
        });
        init.WaitForState("app", "running"); // no instance, nothing to wait for
        init.Run(MakeConsoles).Expect();

        // The consoles are looked at by the next manager: for what runs and wants them they are started.
        int manager = init.ManagerPid();
        Processes.Signal(manager, Libc.SIGKILL);
        foreach (string name in new[] { "fake1", "fake2" }) init.WaitForState($"seat@{name}", "done");
        Assert.Equal(["app", "other", "seat@fake1", "seat@fake2"], init.Services().Keys.Order());

        foreach (string name in new[] { "seat@fake1", "seat@fake2", "app" }) init.Change("stop", name);
        init.Run("rm -f /run/seats /run/seen").Expect();
        Assert.Equal("done", init.Change("start", "app").GetProperty("status").GetString());
        Assert.Equal(["fake1", "fake2"], Told(init).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        Assert.Equal("running", init.Service("other").State);
    }

    [Fact]
    public void What_only_comes_after_a_template_waits_for_instances_that_come_and_starts_none()
    {
        if (!File.Exists("/sys/class/tty/console/active")) return;
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["seat"] = "command: [/bin/sh, -c, 'sleep 1; echo %i >>/run/seats']\ntype: oneshot\nfor-each: console\nstart: demand\n",
            ["app"] = "command: [/bin/sh, -c, '" + Tell + "']\nafter: [seat]\nstart: demand\n",
        });
        init.Run(MakeConsoles).Expect();
        Processes.Signal(init.ManagerPid(), Libc.SIGKILL);
        init.WaitForState("seat@fake1", "stopped");
        init.Change("start", "app");
        Assert.Equal(["stopped", "stopped"], init.Services().Values.Where(service => service.Name.StartsWith("seat@", StringComparison.Ordinal)).Select(service => service.State));
        Assert.Equal("", Told(init));

        init.Change("stop", "app");
        Assert.Equal(202, init.Request(HttpMethod.Post, "/v1/services/seat@fake2/start").Status);
        init.Change("start", "app");
        Assert.Equal("fake2\n", Told(init));
        Assert.Equal("stopped", init.Service("seat@fake1").State);
    }

    static string Told(InitInNamespace init) => init.WaitFor("what app tells", () =>
        init.Run("cat /run/seen && rm /run/seen") is { ExitCode: 0 } outcome ? outcome.Output : null)!;
}
