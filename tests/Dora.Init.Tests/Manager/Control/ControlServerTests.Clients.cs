using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

// How clients send and read: in pieces, slowly, too much, and some that go.
public partial class ControlServerTests
{
    [Fact]
    public void Pipelined_requests_are_answered_in_order()
    {
        string answer = Ask(string.Concat(Enumerable.Repeat("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n", 500))
            + "GET /v1/changes/long?wait=50ms HTTP/1.1\r\nHost: x\r\n\r\n" + ControlFixture.Once("GET", "/v1/boot"));
        Assert.Equal(502, answer.Split("HTTP/1.1 200").Length - 1);
        Assert.True(answer.IndexOf("\"long\"", StringComparison.Ordinal) < answer.IndexOf("handoverMs", StringComparison.Ordinal));
    }

    [Fact]
    public void Half_closed_client_still_gets_its_answers()
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/changes/long?wait=80ms HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            socket.Shutdown(SocketShutdown.Send);
            answer = ControlFixture.ReadAll(socket);
        });
        Assert.Equal(2, answer.Split("HTTP/1.1 200").Length - 1);
    }

    [Fact]
    public void Single_bytes_make_a_request()
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            foreach (byte b in Encoding.ASCII.GetBytes(ControlFixture.Once("POST", "/v1/machine/reboot", "{\"force\":true}"))) socket.Send([b]);
            answer = ControlFixture.ReadAll(socket);
        });
        Assert.Equal(202, Status(answer));
    }

    [Fact]
    public void Truncated_request_is_told_so_at_every_length()
    {
        using var fixture = new ControlFixture();
        string request = ControlFixture.Once("POST", "/v1/machine/reboot", "{\"force\":true}");
        fixture.Run(() =>
        {
            for (int length = 0; length < request.Length; length++)
            {
                using var socket = fixture.Connect();
                socket.Send(Encoding.ASCII.GetBytes(request[..length]));
                socket.Shutdown(SocketShutdown.Send);
                string answer = ControlFixture.ReadAll(socket);
                if (length == 0) Assert.Equal("", answer);
                else Assert.Contains("request ends in the middle", answer);
            }
        });
        Assert.Empty(fixture.Machine.Calls);
    }

    [Fact]
    public void Continue_is_said_before_the_body()
    {
        using var fixture = new ControlFixture();
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send("POST /v1/machine/reboot HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"u8);
            byte[] buffer = new byte[25];
            Assert.Equal(25, socket.Receive(buffer));
            Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", Encoding.ASCII.GetString(buffer));
            socket.Send("{"u8);
            Thread.Sleep(20);
            socket.Send("}"u8);
            Assert.StartsWith("HTTP/1.1 202", ControlFixture.ReadAll(socket));
        });
    }

    [Theory]
    [InlineData(413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n")]
    [InlineData(431, "GET / HTTP/1.1\r\nHost: x\r\nA: ")]
    [InlineData(414, "GET /")]
    public void Oversized_request_gets_its_answer_even_while_the_client_goes_on_sending(int status, string start)
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send(Encoding.ASCII.GetBytes(start));
            byte[] more = new byte[2_000_000];
            Array.Fill(more, (byte)'a');
            for (int sent = 0; sent < more.Length;) sent += socket.Send(more.AsSpan(sent));
            socket.Shutdown(SocketShutdown.Send);
            answer = ControlFixture.ReadAll(socket);
        });
        Assert.Equal(status, Status(answer));
    }

    [Fact]
    public void Slow_request_is_ended_in_time_and_a_silent_connection_closed()
    {
        using var fixture = new ControlFixture(ControlFixture.Fast);
        fixture.Run(() =>
        {
            var clock = Stopwatch.StartNew();
            using var silent = fixture.Connect();
            using var slow = fixture.Connect();
            slow.Send("GET /"u8);
            Assert.Equal("", ControlFixture.ReadAll(silent));
            Assert.StartsWith("HTTP/1.1 408", ControlFixture.ReadAll(slow));
            Assert.InRange(clock.ElapsedMilliseconds, 200, 5000);
        });
    }

    [Fact]
    public void A_byte_now_and_then_keeps_no_request_open()
    {
        using var fixture = new ControlFixture(ControlFixture.Fast);
        fixture.Run(() =>
        {
            using var slow = fixture.Connect();
            var clock = Stopwatch.StartNew();
            foreach (char c in "GET /v1/version HTTP/1.1\r\nHost: x\r\nX: " + new string('a', 1000))
            {
                slow.Send([(byte)c]);
                if (slow.Poll(20_000, SelectMode.SelectRead)) break;
            }
            Assert.StartsWith("HTTP/1.1 408", ControlFixture.ReadAll(slow));
            Assert.InRange(clock.ElapsedMilliseconds, 200, 5000);
        });
    }

    [Fact]
    public void Slow_reader_is_dropped()
    {
        using var fixture = new ControlFixture(ControlFixture.Fast);
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send(Encoding.ASCII.GetBytes(ControlFixture.Once("GET", "/v1/services/big")));
            // Nothing is taken until the server has hung up: how long a busy machine needs for that decides nothing.
            ControlFixture.WaitForHangUp(socket);
            int total = 0;
            byte[] buffer = new byte[65536];
            for (int count; (count = socket.Receive(buffer)) > 0;) total += count;
            Assert.InRange(total, 1, 4 << 20);
        });
        Assert.Equal(0, fixture.Server.ConnectionCount);
    }

    [Fact]
    public void Big_answer_reaches_a_reader_that_takes_it_in_small_pieces()
    {
        string answer = Ask(ControlFixture.Once("GET", "/v1/services/big"));
        Assert.True(answer.Length > 4 << 20);
        Assert.EndsWith("}\n", answer);
    }

    [Fact]
    public void Wait_ends_with_the_change_or_after_its_time()
    {
        using var fixture = new ControlFixture();
        fixture.Run(() =>
        {
            fixture.Talk(ControlFixture.Once("POST", "/v1/services/web/start"));
            Assert.Contains("\"status\":\"done\"", fixture.Talk(ControlFixture.Once("GET", "/v1/changes/1?wait=20s")));
            Assert.Contains("\"status\":\"doing\"", fixture.Talk(ControlFixture.Once("GET", "/v1/changes/long?wait=50ms")));
        });
        Assert.Equal(0, fixture.Machine.Cancelled);
    }

    [Fact]
    public void Wait_of_a_client_that_goes_is_cancelled()
    {
        using var fixture = new ControlFixture();
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send("GET /v1/changes/long?wait=60s HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            Thread.Sleep(50);
        });
        Assert.Equal((0, 1, 0), (fixture.Machine.Waiting, fixture.Machine.Cancelled, fixture.Server.ConnectionCount));
    }

    [Fact]
    public void Connections_beyond_the_cap_are_told_that_it_is_busy()
    {
        using var fixture = new ControlFixture();
        fixture.Run(() =>
        {
            var sockets = new List<Socket>();
            for (int i = 0; i < 64; i++) sockets.Add(fixture.Connect());
            using (var extra = fixture.Connect()) Assert.Contains("http.busy", ControlFixture.ReadAll(extra));
            foreach (var socket in sockets)
            {
                socket.Send(Encoding.ASCII.GetBytes(ControlFixture.Once("GET", "/v1/version")));
                Assert.StartsWith("HTTP/1.1 200", ControlFixture.ReadAll(socket));
                socket.Dispose();
            }
            Assert.StartsWith("HTTP/1.1 200", fixture.Talk(ControlFixture.Once("GET", "/v1/version")));
        });
    }
}
