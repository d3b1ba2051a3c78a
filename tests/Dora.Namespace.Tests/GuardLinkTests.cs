using System.Diagnostics;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The guard and a manager that does not do its part, or a guard that fails itself.</summary>
public class GuardLinkTests
{
    // More than the channel holds: a manager that does not read keeps the guard waiting. One that has read this many
    // does so no longer: what is left has room, though poll(2) does not say so before three quarters of it are free.
    const int Many = 4000, TooManyRead = 1000;

    static readonly Dictionary<string, string> s_services = new()
    {
        ["web"] = "command: [/bin/sleep, '100000']\n",
        ["talk"] = "command: [/bin/sh, -c, 'while :; do echo still here; sleep 0.1; done']\n",
        ["echo"] = "command: [/bin/cat]\nsockets:\n  - unix: /run/echo.sock\nper-connection: true\n",
    };

    [Fact]
    public void A_manager_that_does_not_take_its_descriptors_is_replaced_within_its_limit()
    {
        using var init = new InitInNamespace(s_services);
        var web = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        using (var channel = Processes.Descriptor(manager, 3))
        using (var nothing = Null())
        {
            var deadline = Sys.TimeSinceBoot() + TimeSpan.FromSeconds(20);
            for (int i = 0; i < Many; i++)
                GuardRecord.SendBefore(deadline, channel, new GuardRecord { Kind = GuardMessage.Put, Name = $"test:{i}" }, nothing).ThrowIfError("put");
        }
        init.WaitFor("the guard to keep them", () => Directory.GetFileSystemEntries($"/proc/{init.Pid}/fd").Length > Many);

        // The new one is stopped before it has read them all; when that comes too late, the next one is tried.
        int told = 0;
        init.WaitFor("a manager that hangs", () =>
        {
            manager = KillAndStopTheNext(init, manager);
            // Of the managers before it.
            told = Complaints(init);
            // The guard sleeps in poll(2) on one descriptor while it waits for room, on two otherwise. Not for a moment
            // only: then the manager was stopped when the rest had room.
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed.TotalSeconds < 2)
            {
                if (!Waits(init.Pid, descriptors: 1)) continue;
                Thread.Sleep(300);
                if (Waits(init.Pid, descriptors: 1)) return Directory.GetFileSystemEntries($"/proc/{manager}/fd").Length < TooManyRead;
            }
            return false;
        });
        long start = Stopwatch.GetTimestamp();
        init.WaitFor("the guard's message", () => Complaints(init) > told);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.5, 15);
        Assert.Equal(web, init.WaitForState("web", "running"));
        Assert.NotEqual(manager, init.ManagerPid());
    }

    [Fact]
    public void A_guard_that_fails_executes_itself_again_and_keeps_everything()
    {
        using var init = new InitInNamespace(s_services);
        var web = init.WaitForState("web", "running");
        var talk = init.WaitForState("talk", "running");
        init.WaitForState("echo", "listening");
        using var session = SocketTests.Connect(init);
        Assert.Equal("before", SocketTests.Ask(session, "before"));
        init.Change("stop", "web"); // a state that only the saved one tells of
        init.WaitFor("web to stop", () => init.Service("web").State == "stopped");
        init.WaitFor("its zombie to be reaped: the manager, talk and the session are left", () => init.Children().Count == 3);
        var children = init.Children().Where(child => child != init.ManagerPid()).ToHashSet();
        int manager = init.ManagerPid();

        Fail(init);
        init.WaitFor("the next guard", () => init.KernelLog.Contains("with all that was kept"));
        Assert.Equal(manager, init.ManagerPid()); // not even the manager noticed
        Assert.Equal(talk, init.WaitForState("talk", "running"));
        Assert.Equal("stopped", init.Service("web").State);
        Assert.Subset(init.Children().ToHashSet(), children);
        Assert.Equal("after", SocketTests.Ask(session, "after"));
        using var fresh = SocketTests.Connect(init);
        Assert.Equal("fresh", SocketTests.Ask(fresh, "fresh"));
        Assert.DoesNotContain("the saved state is lost", init.KernelLog);
        init.WaitForLog("NullReferenceException");
        Assert.NotEqual(web.Pid, init.Service("web").Pid);
        init.Run("/bin/true & /bin/true"); // orphans are reaped as before
        init.WaitFor("only the manager and the fresh session beside them", () => init.Children().Count == children.Count + 2);
    }

    [Fact]
    public void A_guard_that_fails_at_once_again_hands_on_nothing_and_services_live_on()
    {
        using var init = new InitInNamespace(s_services);
        var web = init.WaitForState("web", "running");
        int manager = init.ManagerPid();
        Fail(init);
        init.WaitFor("the next guard", () => init.KernelLog.Contains("with all that was kept"));
        Assert.Equal(manager, init.ManagerPid()); // not even the manager noticed
        Fail(init);
        init.WaitFor("another manager", () => init.ManagerPid() is var pid && pid != manager ? pid : 0);
        Assert.Equal(web.Pid, init.WaitForState("web", "running").Pid);
        init.WaitForLog("the saved state is lost");
    }

    /// <summary>A null reference in PID 1.</summary>
    static void Fail(InitInNamespace init)
    {
        init.WaitFor("the guard to wait", () => Waits(init.Pid, descriptors: 2));
        Processes.ForgetReferences(init.Pid);
        Processes.Signal(init.Pid, Libc.SIGALRM); // one that asks for nothing: it only wakes up
    }

    static bool Waits(int pid, int descriptors)
    {
        const string Poll = "7"; // x86-64: poll(fds, count, timeout)
        string[] words = File.ReadAllText($"/proc/{pid}/syscall").Split(' ');
        return words[0] == Poll && words[2] == $"0x{descriptors:x}";
    }

    static int Complaints(InitInNamespace init) => init.KernelLog.Split("the manager cannot be given its descriptors").Length - 1;

    // No waiting in between: it has to be stopped in its first milliseconds.
    static int KillAndStopTheNext(InitInNamespace init, int manager)
    {
        var known = init.Children().ToHashSet();
        Processes.Signal(manager, Libc.SIGKILL);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < 20)
        {
            foreach (int child in init.Children())
            {
                // Not before it has executed its program: until then it holds up PID 1, whose memory it shares.
                if (known.Contains(child) || !InitInNamespace.CommandLine(child).EndsWith(" manager", StringComparison.Ordinal)) continue;
                Processes.Signal(child, Libc.SIGSTOP);
                return child;
            }
        }
        throw new TimeoutException("no other manager was started");
    }

    static FileDescriptor Null()
    {
        Sys.Open("/dev/null", Libc.O_RDONLY, 0, out var fd).ThrowIfError("open", "/dev/null");
        return fd;
    }
}
