using System.Net.Sockets;
using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Feed;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.Feed;

public sealed class EventFeedTests : IDisposable
{
    private readonly MemoryStore _store = new();
    private readonly EventLoop _loop = new();
    private readonly List<IDisposable> _clients = [];

    private static ChangeInfo Change(string id) => new() { Id = id, Verb = "start", Service = "web", Status = ChangeInfo.Doing };

    private void Happen(EventFeed feed, int count)
    {
        for (int i = 0; i < count; i++) feed.ChangeMoved(Change($"c{i}"));
        feed.WriteDown();
        feed.Deliver();
    }

    private Socket Follow(EventFeed feed, long after, bool isServerSent = false)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var ours, out var theirs).ThrowIfError("socketpair");
        Sys.SetNonBlocking(ours).ThrowIfError("fcntl");
        Assert.True(feed.Follow(ours, Access.Read, after, isServerSent));
        ours.Dispose();
        var socket = new Socket(new SafeSocketHandle(theirs.Number, ownsHandle: true)) { ReceiveTimeout = 2000 };
        _clients.Add(socket);
        return socket;
    }

    private static string Read(Socket socket, string until)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!text.ToString().Contains(until, StringComparison.Ordinal)) text.Append(Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)));
        return text.ToString();
    }

    [Fact]
    public void A_follower_gets_what_is_kept_behind_its_id_and_then_what_comes()
    {
        var feed = new EventFeed(_loop, _store);
        Happen(feed, 3);
        var socket = Follow(feed, after: 2);
        string first = Read(socket, "\"c2\"");
        Assert.Contains("application/x-ndjson", first);
        Assert.DoesNotContain("\"c1\"", first);
        Happen(feed, 1);
        Assert.Contains("\"id\":4", Read(socket, "\"c0\""));
    }

    [Fact]
    public void Nothing_is_delivered_before_it_is_written_down()
    {
        var feed = new EventFeed(_loop, _store);
        var socket = Follow(feed, 0);
        Read(socket, "\r\n\r\n");
        feed.ChangeMoved(Change("early"));
        feed.WriteDown();
        Assert.Equal(0, socket.Available);
        // Killed here: the next manager knows of it, and goes on counting.
        _store.Restart();
        var next = new EventFeed(_loop, _store);
        Assert.Contains("\"early\"", Encoding.UTF8.GetString(next.Kept(0)));
        Happen(next, 1);
        Assert.Contains("\"id\":2", Encoding.UTF8.GetString(next.Kept(1)));
    }

    [Fact]
    public void Who_has_missed_events_is_told_how_many()
    {
        var feed = new EventFeed(_loop, _store);
        for (int i = 0; i < 100; i++) Happen(feed, 50);
        string kept = Encoding.UTF8.GetString(feed.Kept(10));
        long first = System.Text.Json.JsonDocument.Parse(kept.Split('\n')[1]).RootElement.GetProperty("id").GetInt64();
        Assert.StartsWith($"{{\"id\":{first - 1},\"kind\":\"events.lost\",\"lost\":{first - 11}}}", kept);
        // From another boot: everything that is kept, and a word that it is not what was asked for.
        Assert.Contains("events.lost", Encoding.UTF8.GetString(feed.Kept(1_000_000)));
        Assert.DoesNotContain("events.lost", Encoding.UTF8.GetString(feed.Kept(0)));
        Assert.Empty(feed.Kept(feed.LastId));
    }

    [Fact]
    public void Browsers_get_the_same_as_server_sent_events()
    {
        var feed = new EventFeed(_loop, _store);
        Happen(feed, 1);
        string text = Read(Follow(feed, 0, isServerSent: true), "\n\n");
        Assert.Contains("Content-Type: text/event-stream", text);
        Assert.Contains("\r\n\r\nid: 1\nevent: change\ndata: {\"id\":1,", text);
        Assert.EndsWith("}\n\n", text);
    }

    [Fact]
    public void A_reader_that_takes_nothing_is_dropped_and_nobody_waits_for_it()
    {
        var feed = new EventFeed(_loop, _store);
        var slow = Follow(feed, 0);
        var quick = Follow(feed, 0);
        Assert.Equal(2, feed.FollowerCount);
        byte[] buffer = new byte[1 << 20];
        for (int i = 0; i < 200 && feed.FollowerCount == 2; i++)
        {
            Happen(feed, 50);
            while (quick.Available > 0) quick.Receive(buffer);
        }
        Assert.Equal(1, feed.FollowerCount);
        Happen(feed, 1);
        Assert.True(quick.Available > 0);
        Assert.True(slow.Available > 0); // what it was given before
    }

    [Fact]
    public void Strangers_cannot_take_the_places_of_those_who_may_change_things()
    {
        var feed = new EventFeed(_loop, _store);
        Sys.SocketPair(Libc.SOCK_STREAM, out var ours, out var theirs).ThrowIfError("socketpair");
        Sys.SetNonBlocking(ours).ThrowIfError("fcntl");
        int strangers = 0;
        while (feed.Follow(ours, Access.Read, 0, false)) strangers++;
        Assert.Equal(48, strangers);
        Assert.True(feed.Follow(ours, Access.Admin, 0, false));
        ours.Dispose();
        theirs.Dispose();
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
        _loop.Dispose();
        _store.Dispose();
    }
}
