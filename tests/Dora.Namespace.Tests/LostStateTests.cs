using System.Net.Sockets;
using Dora.Core.Linux;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The state that the guard keeps for the manager is lost or damaged: what runs goes on, and the fault is told.</summary>
public class LostStateTests
{
    const int FirstSlot = 4096, SlotSize = 4 << 20; // as in StateFile

    [Theory]
    [InlineData("emptied")]
    [InlineData("header overwritten")]
    [InlineData("text overwritten")]
    public void What_runs_is_taken_up_from_its_cgroups_and_the_fault_is_told(string how)
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["web"] = "command: [/bin/sleep, '100000']\n",
            ["app"] = "command: [/bin/sleep, '100000']\nneeds: [web]\n",
            ["once"] = "command: [/bin/true]\ntype: oneshot\n",
            ["echo"] = "command: [/bin/cat]\nsockets:\n  - unix: /run/echo.sock\nper-connection: true\n",
        });
        var web = init.WaitForState("web", "running");
        var app = init.WaitForState("app", "running");
        init.WaitForState("once", "done");
        init.WaitForState("echo", "listening");
        using var session = SocketTests.Connect(init);
        Assert.Equal("before", SocketTests.Ask(session, "before"));
        int manager = init.ManagerPid();
        var children = init.Children().Where(child => child != manager).ToHashSet();

        Damage(manager, how);
        Processes.Signal(manager, Libc.SIGKILL);
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager ? pid : 0);

        Assert.Equal(web.Pid, init.WaitForState("web", "running").Pid);
        Assert.Equal(app.Pid, init.WaitForState("app", "running").Pid);
        Assert.Subset(init.Children().ToHashSet(), children);
        Assert.Equal("after", SocketTests.Ask(session, "after"));
        // A new session must not be given the number of the one that lives.
        init.WaitForState("echo", "listening");
        using var fresh = SocketTests.Connect(init);
        Assert.Equal("fresh", SocketTests.Ask(fresh, "fresh"));
        init.WaitForLog("the saved state is lost");

        // And from here on there is a state again.
        manager = init.ManagerPid();
        Processes.Signal(manager, Libc.SIGKILL);
        init.WaitFor("the next manager", () => init.ManagerPid() is var pid && pid != manager ? pid : 0);
        Assert.Equal(web.Pid, init.WaitForState("web", "running").Pid);
        Assert.Single(init.KernelLog.Split('\n'), line => line.Contains("the saved state is lost"));
    }

    [Fact]
    public void A_session_whose_number_was_not_saved_keeps_it()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["echo"] = "command: [/bin/cat]\nsockets:\n  - unix: /run/echo.sock\nper-connection: true\n",
        });
        init.WaitForState("echo", "listening");
        int manager = init.ManagerPid();
        using var state = Processes.Descriptor(manager, Processes.DescriptorTo(manager, "/memfd:pandora-state"));
        var before = new byte[FirstSlot + 2 * SlotSize];
        Sys.ReadAt(state, before, 0, out int length).ThrowIfError("read");
        using var old = SocketTests.Connect(init);
        Assert.Equal("before", SocketTests.Ask(old, "before"));
        // As if it had died between the launch of the session and the write of its state.
        Processes.Signal(manager, Libc.SIGSTOP);
        Sys.WriteAllAt(state, before.AsSpan(0, length), 0).ThrowIfError("write");
        Processes.Signal(manager, Libc.SIGKILL);

        using var fresh = SocketTests.Connect(init);
        Assert.Equal("fresh", SocketTests.Ask(fresh, "fresh"));
        Assert.Equal("after", SocketTests.Ask(old, "after"));
    }

    static void Damage(int manager, string how)
    {
        // Nothing may be written behind the damage.
        Processes.Signal(manager, Libc.SIGSTOP);
        using var state = new FileStream($"/proc/{manager}/fd/{Processes.DescriptorTo(manager, "/memfd:pandora-state")}", FileMode.Open, FileAccess.Write);
        switch (how)
        {
            case "emptied":
                state.SetLength(0);
                break;
            case "header overwritten":
                state.Write(new byte[16]);
                break;
            default:
                foreach (int slot in (int[])[0, 1])
                {
                    state.Position = FirstSlot + (long)slot * SlotSize;
                    state.Write("{\"Services\":[{{{"u8);
                }
                break;
        }
    }
}
