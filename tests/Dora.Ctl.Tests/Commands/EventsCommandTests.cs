using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class EventsCommandTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

    private static string Line(int id, string rest) => $"{{\"id\":{id},\"at\":{{\"bootMs\":1000,\"wall\":\"2026-11-21T03:55:29.120Z\"}},{rest}}}\n";

    [Fact]
    public void What_has_happened_is_told_one_line_each()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/events?after=0", Head
            + Line(1, "\"kind\":\"manager.started\"")
            + Line(2, "\"kind\":\"service.state\",\"service\":\"web\",\"after\":\"waiting\"")
            + Line(3, "\"kind\":\"service.state\",\"service\":\"web\",\"before\":\"waiting\",\"after\":\"failed\",\"reason\":\"exec: no such file\"")
            + Line(4, "\"kind\":\"change\",\"service\":\"web\",\"change\":\"7\",\"verb\":\"start\",\"status\":\"failed\",\"reason\":\"it failed\"")
            + Line(5, "\"kind\":\"machine\",\"verb\":\"reboot\",\"status\":\"scheduled\",\"reason\":\"kernel\"")
            + Line(6, "\"kind\":\"service.removed\",\"service\":\"run-1\"")
            + Line(7, "\"kind\":\"of.tomorrow\",\"service\":\"x\""));
        Assert.Equal((0, """
                 1 2026-11-21 03:55:29 manager: serves
                 2 2026-11-21 03:55:29 web: new -> waiting
                 3 2026-11-21 03:55:29 web: waiting -> failed: exec: no such file
                 4 2026-11-21 03:55:29 web: start (change 7): failed: it failed
                 5 2026-11-21 03:55:29 machine: reboot is scheduled: kernel
                 6 2026-11-21 03:55:29 run-1: is no more
                 7 2026-11-21 03:55:29 of.tomorrow x 

            """, ""), server.Dora("events"));
        // Of one service, from the place where one has stopped reading.
        server.AddRaw("GET /v1/events?after=2", Head + Line(3, "\"kind\":\"service.state\",\"service\":\"web\"") + Line(4, "\"kind\":\"service.state\",\"service\":\"db\""));
        Assert.Equal((0, Line(3, "\"kind\":\"service.state\",\"service\":\"web\""), ""), server.Dora("events", "--after", "2", "web", "--json"));
    }

    [Fact]
    public void A_follower_goes_on_behind_the_last_event_when_the_connection_ends()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/events?after=0&follow=true", Head + Line(1, "\"kind\":\"manager.started\"") + "\n{\"id\":2,\"kin");
        server.AddRaw("GET /v1/events?after=1&follow=true", Head + Line(2, "\"kind\":\"manager.started\""));
        // The third answer is a refusal that no waiting would change.
        server.Add("GET /v1/events?after=2&follow=true", 503, """{"error":"events.busy","message":"events: too many","data":{}}""");
        var (code, output, error) = server.Dora("events", "-f");
        Assert.Equal(2, output.Split("manager: serves").Length - 1);
        Assert.Equal((1, true), (code, error.Contains("too many", StringComparison.Ordinal)));
    }
}
