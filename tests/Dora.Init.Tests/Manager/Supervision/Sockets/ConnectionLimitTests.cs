using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Sockets;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Sockets;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public class ConnectionLimitTests
{
    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public void A_rate_holds_within_its_window_and_the_next_window_begins_with_the_next_time()
    {
        var rate = new RateLimit(new PollLimit(3, At(10)));
        foreach (double time in (double[])[100, 101, 109]) Assert.True(rate.TryTake(At(time), out _));
        Assert.False(rate.TryTake(At(109.9), out var until));
        Assert.Equal(At(110), until);
        Assert.True(rate.TryTake(At(110), out until));
        Assert.Equal(At(120), until);
        Assert.True(rate.TryTake(At(119), out _));
        Assert.True(rate.TryTake(At(119), out _));
        Assert.False(rate.TryTake(At(119), out _));
        Assert.True(rate.TryTake(At(1000), out _));
    }

    [Fact]
    public void A_hundred_at_once_with_three_in_ten_seconds_are_three() // systemd TEST-07 poll-limit
    {
        var rate = new RateLimit(new PollLimit(3, At(10)));
        Assert.Equal(3, Enumerable.Range(0, 100).Count(i => rate.TryTake(At(5 + i * 0.01), out _)));
    }

    [Fact]
    public void Without_a_limit_all_may_happen()
    {
        var rate = new RateLimit(PollLimit.None);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Count(_ => rate.TryTake(At(1), out var _)));
    }

    [Fact]
    public void A_line_is_said_once_a_minute_and_counts_those_that_were_not()
    {
        var log = new SeldomLog();
        Assert.Equal("a", log.Next("a", At(0)));
        Assert.Null(log.Next("a", At(1)));
        Assert.Null(log.Next("b", At(59.9)));
        Assert.Equal("c (2 more since the last such line)", log.Next("c", At(60)));
        Assert.Equal("d", log.Next("d", At(200)));
    }

    [Fact]
    public void What_the_guard_keeps_tells_sockets_of_other_settings_apart()
    {
        var plain = new SocketSettings(SocketKind.Unix, "/run/web.sock");
        Assert.Equal("listen:web:Unix:/run/web.sock", HeldSockets.StoreName("web", plain));
        Assert.Equal("listen:web:Unix:/run/web.sock", HeldSockets.StoreName("web", plain with { Name = "other" }));
        var names = new HashSet<string> { HeldSockets.StoreName("web", plain) };
        foreach (var other in (SocketSettings[])
                 [plain with { Mode = 0x1B0 }, plain with { User = "a" }, plain with { Group = "a" }, plain with { Backlog = 9 },
                  plain with { Ipv6Only = true }, plain with { ReusePort = true }, plain with { FreeBind = true },
                  plain with { KeepAlive = true }, plain with { Device = "a" }])
        {
            string name = HeldSockets.StoreName("web", other);
            Assert.True(names.Add(name), name);
            Assert.InRange(name.Length, 1, GuardRecord.LongestName);
        }
    }

    [Fact]
    public void Sockets_that_are_not_asked_for_any_more_are_closed_and_their_paths_removed()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-held-").FullName;
        try
        {
            string path = Path.Combine(folder, "deeper/a.sock"), fifo = Path.Combine(folder, "a.fifo");
            var store = new Logging.MemoryStore();
            var sockets = new HeldSockets(store);
            var first = new ServiceSettings { Name = "a", File = "", Command = [], Sockets = [new(SocketKind.Unix, path), new(SocketKind.Fifo, fifo) { Mode = 0x180 }] };
            var open = sockets.Of(first);
            Assert.Equal([path, fifo], open.Select(socket => socket.Name));
            Assert.Equal(open, sockets.Of(first));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(fifo));
            Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(path));

            var again = sockets.Of(first with { Sockets = [new(SocketKind.Unix, path) { Mode = 0x1B0 }] });
            Assert.NotEqual(open[0].Fd, again[0].Fd);
            Assert.False(open[0].Fd.IsOpen);
            Assert.False(File.Exists(fifo));
            Assert.Equal((UnixFileMode)0x1B0, File.GetUnixFileMode(path));

            sockets.CloseUnused(name => name == "a");
            Assert.True(again[0].Fd.IsOpen);
            sockets.CloseUnused(_ => false);
            Assert.False(again[0].Fd.IsOpen);
            Assert.False(File.Exists(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_path_that_somebody_has_removed_is_made_again_and_what_is_no_socket_is_left_alone()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-held-").FullName;
        try
        {
            string path = Path.Combine(folder, "a.sock"), file = Path.Combine(folder, "file");
            using var sockets = new HeldSockets(new Logging.MemoryStore());
            var settings = new ServiceSettings { Name = "a", File = "", Command = [], Sockets = [new(SocketKind.UnixSeqpacket, path)] };
            var before = sockets.Of(settings)[0].Fd;
            File.Delete(path);
            Assert.NotEqual(before, sockets.Of(settings)[0].Fd);
            Assert.True(File.Exists(path));

            File.WriteAllText(file, "mine");
            Assert.Throws<LinuxException>(() => sockets.Of(settings with { Name = "b", Sockets = [new(SocketKind.Unix, file)] }));
            Assert.Throws<LaunchException>(() => sockets.Of(settings with { Name = "b", Sockets = [new(SocketKind.Fifo, file)] }));
            Assert.Equal("mine", File.ReadAllText(file));
            var unknown = Assert.Throws<LaunchException>(() => sockets.Of(settings with { Name = "b", Sockets = [new(SocketKind.Unix, path + "2") { User = "nobody-of-that-name" }] }));
            Assert.EndsWith("user nobody-of-that-name: there is no such user in /etc/passwd", unknown.Message);
            Assert.False(File.Exists(path + "2"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
