using Dora.Core.Configuration;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Sockets;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Sockets;

public class DemandListenerTests
{
    private static readonly RestartPolicy s_policy = new() { Delay = TimeSpan.FromMilliseconds(200), Factor = 2, Cap = TimeSpan.FromSeconds(30) };

    private static ServiceState After(double seconds, ServicePhase phase = ServicePhase.Stopped) =>
        new() { Phase = phase, StartedAt = TimeSpan.FromSeconds(100), Since = TimeSpan.FromSeconds(100 + seconds) };

    [Fact]
    public void Runs_that_end_at_once_are_further_and_further_apart_and_a_real_one_ends_that()
    {
        int runs = 0;
        Assert.Equal(200, DemandListener.PauseAfter(After(0.01), s_policy, ref runs).TotalMilliseconds);
        Assert.Equal(400, DemandListener.PauseAfter(After(0.99), s_policy, ref runs).TotalMilliseconds);
        Assert.Equal(800, DemandListener.PauseAfter(After(0.5), s_policy, ref runs).TotalMilliseconds);
        Assert.Equal(TimeSpan.Zero, DemandListener.PauseAfter(After(1), s_policy, ref runs));
        Assert.Equal(200, DemandListener.PauseAfter(After(0), s_policy, ref runs).TotalMilliseconds);
    }

    [Fact]
    public void One_that_has_failed_is_left_alone_for_the_longest_wait_and_never_for_none()
    {
        int runs = 0;
        Assert.Equal(TimeSpan.FromSeconds(30), DemandListener.PauseAfter(After(0, ServicePhase.Failed), s_policy, ref runs));
        Assert.Equal(TimeSpan.FromSeconds(1), DemandListener.PauseAfter(After(0, ServicePhase.Failed), s_policy with { Cap = TimeSpan.Zero }, ref runs));
    }

    [Fact]
    public void Names_in_the_guards_store_fit_and_differ()
    {
        string service = new('s', 64), path = "/run/" + new string('p', 102);
        string one = HeldSockets.StoreName(service, new SocketSettings(SocketKind.UnixDatagram, path));
        string two = HeldSockets.StoreName(service, new SocketSettings(SocketKind.UnixDatagram, path[..^1] + "q"));
        Assert.InRange(one.Length, 1, GuardRecord.LongestName);
        Assert.NotEqual(one, two);
        Assert.StartsWith("listen:", one);
        Assert.Equal("listen:web:Tcp:80", HeldSockets.StoreName("web", new SocketSettings(SocketKind.Tcp, "80")));
    }
}
