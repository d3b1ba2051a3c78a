using System.Net.Sockets;
using System.Text;
using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 2, bad input: "oversized or truncated HTTP requests [...]: one clear message each, nothing else affected."
/// The requests go from the host through ssh to the socket, so each byte and each pause is under control.
/// </summary>
[Collection(nameof(RunningMachine))]
public sealed class HttpAbuseTests : IDisposable
{
    readonly Machine _machine;
    readonly SshSession _session;
    readonly string _socket;
    readonly int _manager;

    public HttpAbuseTests(RunningMachine running)
    {
        _machine = running.Machine;
        _session = _machine.OpenSession();
        _socket = _session.Forward("/run/dora/dora.sock");
        _manager = _machine.ManagerPid();
    }

    // Whatever was sent: the same manager answers the next request.
    public void Dispose()
    {
        // sshd may still have the connections of before to close over there.
        var limit = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        string answer;
        do answer = Exchange("GET /v1/version HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n");
        while (answer.StartsWith("HTTP/1.1 503", StringComparison.Ordinal) && DateTime.UtcNow < limit);
        Assert.StartsWith("HTTP/1.1 200", answer);
        Assert.Equal(_manager, _machine.ManagerPid());
        _session.Dispose();
    }

    [Theory]
    [InlineData("rubbish", "\x01\x02\xff rubbish\r\n\r\n", "400")]
    [InlineData("no version", "GET /v1/version\r\n\r\n", "400")]
    [InlineData("no host", "GET /v1/version HTTP/1.1\r\n\r\n", "400")]
    [InlineData("unknown path", "GET /v1/nothing HTTP/1.1\r\nHost: dora\r\n\r\n", "404")]
    [InlineData("unknown verb", "BREW /v1/version HTTP/1.1\r\nHost: dora\r\n\r\n", "501")] // RFC 9110 15.6.2
    [InlineData("wrong verb", "DELETE /v1/services HTTP/1.1\r\nHost: dora\r\n\r\n", "405")]
    [InlineData("unknown service", "GET /v1/services/no-such HTTP/1.1\r\nHost: dora\r\n\r\n", "404")]
    [InlineData("name with a path in it", "GET /v1/services/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: dora\r\n\r\n", "4")]
    [InlineData("two lengths", "POST /v1/services/syslog/start HTTP/1.1\r\nHost: dora\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400")]
    [InlineData("negative length", "POST /v1/services/syslog/start HTTP/1.1\r\nHost: dora\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("length beyond all measure", "POST /v1/machine/poweroff HTTP/1.1\r\nHost: dora\r\nContent-Length: 99999999999999999999\r\n\r\n", "4")]
    [InlineData("body too large", "POST /v1/machine/poweroff HTTP/1.1\r\nHost: dora\r\nContent-Length: 100000000\r\n\r\n", "413")]
    [InlineData("body that is not JSON", "POST /v1/machine/poweroff HTTP/1.1\r\nHost: dora\r\nContent-Length: 3\r\n\r\n{x}", "400")]
    [InlineData("body with an unknown member", "POST /v1/machine/poweroff HTTP/1.1\r\nHost: dora\r\nContent-Length: 11\r\n\r\n{\"gently\":1}", "400")]
    [InlineData("bad parameter", "GET /v1/logs?lines=many HTTP/1.1\r\nHost: dora\r\n\r\n", "400")]
    public void A_wrong_request_gets_one_answer_with_a_message(string what, string request, string status)
    {
        string answer = Exchange(request);
        Assert.True(answer.StartsWith("HTTP/1.1 " + status, StringComparison.Ordinal), $"{what}: {answer}");
        Assert.Contains("\"error\":", answer);
        Assert.Contains("\"message\":", answer);
    }

    [Theory]
    [InlineData("GET /", 100_000, "414")] // a request line without an end
    [InlineData("GET /v1/version HTTP/1.1\r\nHost: dora\r\nX: ", 100_000, "431")]
    public void An_oversized_head_is_refused_before_it_ends(string start, int more, string status)
    {
        string answer = Exchange(start + new string('a', more), halfClose: false);
        Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{status} expected: {answer}");
    }

    [Fact]
    public void Truncated_requests_are_forgotten_without_a_trace()
    {
        const string whole = "POST /v1/services/syslog/start HTTP/1.1\r\nHost: dora\r\nContent-Length: 10\r\n\r\n";
        for (int length = 0; length < whole.Length; length += 7) Exchange(whole[..length]);
    }

    [Fact]
    public void One_byte_at_a_time_is_answered()
    {
        using var socket = Connect();
        foreach (char c in "GET /v1/version HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n")
        {
            socket.Send([(byte)c]);
            Thread.Sleep(1);
        }
        Assert.StartsWith("HTTP/1.1 200", ReadAll(socket));
    }

    [Fact]
    public void Pipelined_requests_are_answered_in_order()
    {
        string answers = Exchange("GET /v1/version HTTP/1.1\r\nHost: dora\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: dora\r\n\r\n"
            + "GET /v1/version HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n");
        var statuses = System.Text.RegularExpressions.Regex.Matches(answers, @"HTTP/1\.1 (\d+)").Select(match => match.Groups[1].Value);
        Assert.Equal(["200", "404", "200"], statuses);
    }

    [Fact]
    public void Connections_that_say_nothing_do_not_keep_others_out()
    {
        var silent = Enumerable.Range(0, 100).Select(_ => Connect()).ToList();
        try
        {
            // What is over the cap may be refused, but the machine's own client must get through in the end.
            var end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
            while (_machine.Ssh("dora version").ExitCode != 0)
            {
                Assert.True(DateTime.UtcNow < end, "silent connections keep dora out");
                Thread.Sleep(500);
            }
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    Socket Connect()
    {
        var socket = Sockets.ConnectUnix(_socket, TimeSpan.FromSeconds(10));
        socket.ReceiveTimeout = 30_000;
        return socket;
    }

    string Exchange(string request, bool halfClose = true)
    {
        using var socket = Connect();
        try
        {
            socket.Send(Encoding.Latin1.GetBytes(request));
            if (halfClose) socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It closed while we were still sending; what it said first can still be read.
        }
        return ReadAll(socket);
    }

    static string ReadAll(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            for (int count; (count = socket.Receive(buffer)) > 0;) text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            // Closed with our bytes unread.
        }
        return text.ToString();
    }
}
