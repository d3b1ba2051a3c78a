using Xunit;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>Requests that turn their connection into a session, up to where the manager passes it on.</summary>
public class SessionRouteTests
{
    private const string Upgrade = "Connection: Upgrade\r\nUpgrade: dora-frames\r\n";

    private static string Ask(string request, Action<ControlFixture>? check = null)
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() => answer = fixture.Talk(request));
        Assert.Equal(0, fixture.Server.ConnectionCount);
        check?.Invoke(fixture);
        return answer;
    }

    [Fact]
    public void The_connection_goes_on_with_what_was_sent_behind_the_request()
    {
        string answer = Ask($"POST /v1/exec?service=web&tty=true&rows=50&columns=132&detachable=true HTTP/1.1\r\nHost: x\r\n{Upgrade}Content-Length: 3\r\n\r\n{{ }}and frames",
            fixture => Assert.Equal("session SessionRequest { Name = , Service = web, IsTerminal = True, Rows = 50, Columns = 132, HasInput = True, IsDetachable = True } { }", Assert.Single(fixture.Machine.Calls)));
        Assert.StartsWith("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: dora-frames\r\nDora-Session: run-1\r\n", answer);
        Assert.EndsWith("\r\n\r\nand frames", answer);
        answer = Ask($"POST /v1/services/web/attach?rows=5&columns=6 HTTP/1.1\r\nHost: x\r\n{Upgrade}\r\nx", fixture => Assert.Equal("attach web 5 6", Assert.Single(fixture.Machine.Calls)));
        Assert.EndsWith("\r\n\r\nx", answer);
    }

    [Fact]
    public void A_refusal_is_an_ordinary_answer_and_the_connection_lives_on()
    {
        string answer = Ask($"POST /v1/exec?service=nix HTTP/1.1\r\nHost: x\r\n{Upgrade}\r\n" + ControlFixture.Once("GET", "/v1/version"));
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", answer);
        Assert.Contains("hostname", answer);
    }

    [Theory]
    [InlineData("HTTP/1.1", "")]
    [InlineData("HTTP/1.1", "Connection: Upgrade\r\n")]
    [InlineData("HTTP/1.1", "Upgrade: dora-frames\r\n")]
    [InlineData("HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n")]
    [InlineData("HTTP/1.0", Upgrade)]
    public void Who_does_not_ask_for_it_is_told_how(string version, string fields)
    {
        foreach (string path in (string[])["/v1/exec", "/v1/services/web/attach"])
        {
            string answer = Ask($"POST {path} {version}\r\nHost: x\r\n{fields}\r\n" + ControlFixture.Once("GET", "/v1/version"));
            Assert.StartsWith("HTTP/1.1 426 Upgrade Required\r\n", answer);
            Assert.Contains("\r\nUpgrade: dora-frames\r\n", answer);
            Assert.Contains("session.upgrade-required", answer);
        }
    }

    [Theory]
    [InlineData("tty=1")]
    [InlineData("stdin=no")]
    [InlineData("detachable=")]
    [InlineData("rows=0")]
    [InlineData("rows=65536")]
    [InlineData("columns=-1")]
    [InlineData("colour=true")]
    public void A_parameter_that_makes_no_sense_is_named(string parameter)
    {
        string answer = Ask($"POST /v1/exec?{parameter} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{Upgrade}\r\n", fixture => Assert.Empty(fixture.Machine.Calls));
        Assert.StartsWith("HTTP/1.1 400 ", answer);
        Assert.Contains(parameter.Split('=')[0], answer);
    }
}
