using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: PID 1 cannot be brought down from userland, and reaps whatever is thrown at it.</summary>
[Collection(nameof(RunningMachine))]
public class GuardTests(RunningMachine running)
{
    /// <summary>Signals that are requests to end the machine (docs/boot.md); all others must do nothing.</summary>
    static readonly int[] s_requests = [2, 10 + 2, 15, 30, 37, 38, 39]; // INT, USR2, TERM, PWR, RTMIN+3 (halt), +4, +5

    readonly Machine _machine = running.Machine;

    // "`kill -9 1`, and every other signal to PID 1 from userland, never panics the machine"
    [Fact]
    public void Kill_9_and_every_signal_that_is_no_request_do_nothing()
    {
        string before = _machine.SshOutput("cat /proc/1/stat | cut -d' ' -f22; ls /proc/1/task | wc -l");
        int manager = _machine.ManagerPid();
        var services = _machine.Services();
        var others = Enumerable.Range(1, 64).Where(signal => !s_requests.Contains(signal));
        // Each several times: one that is lost once may not be lost twice.
        _machine.SshOutput($"for i in 1 2 3; do for s in {string.Join(' ', others)}; do kill -$s 1; done; done; kill -9 1; sleep 1");
        Assert.Equal(before, _machine.SshOutput("cat /proc/1/stat | cut -d' ' -f22; ls /proc/1/task | wc -l"));
        Assert.Equal(manager, _machine.ManagerPid());
        Assert.Equal(services, _machine.Services());
        _machine.Transcript.FailOnPanic("signals");
    }

    // "10,000 orphans leave no zombie"
    [Fact]
    public void Ten_thousand_orphans_leave_no_zombie()
    {
        int count = Settings.Count("PANDORA_ORPHANS", 10_000);
        SendHelper("orphans");
        int manager = _machine.ManagerPid();
        string rss = _machine.SshOutput(GuardRss);
        _machine.SshOutput($"/tmp/orphans {count}", TimeSpan.FromSeconds(120 + count / 50));
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        string zombies;
        while ((zombies = _machine.SshOutput(Commands.CountZombies)) != "0" && DateTime.UtcNow < end) Thread.Sleep(200);
        Assert.Equal("0", zombies);
        Assert.Equal("0", _machine.SshOutput("ps -o comm | grep -c '^orphans' || true"));
        Assert.Equal(manager, _machine.ManagerPid());
        int grown = int.Parse(_machine.SshOutput(GuardRss)) - int.Parse(rss);
        Assert.True(grown < 1024, $"the guard grew by {grown} kB");
    }

    const string GuardRss = "awk '/^Rss/ { print $2 }' /proc/1/smaps_rollup";

    void SendHelper(string name)
    {
        string program = Helpers.Compile(name);
        _machine.SshOutput($"base64 -d >/tmp/{name} && chmod 755 /tmp/{name}", input: Convert.ToBase64String(File.ReadAllBytes(program)));
    }
}
