using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>Parameters of <c>/v1/machine/...</c>, and connections that are lent.</summary>
public class MachineRoutesTests
{
    private static (string Answer, List<string> Asked) Ask(string request)
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() => answer = fixture.Talk(request));
        Assert.Equal(0, fixture.Server.ConnectionCount);
        return (answer, fixture.Machine.Information.Asked);
    }

    [Theory]
    [InlineData("GET", "cpu", "cpu()")]
    [InlineData("GET", "processes", "processes()")]
    [InlineData("GET", "processes/12", "process(12)")]
    [InlineData("GET", "files?path=/a%20b", "files(/a b)")]
    [InlineData("GET", "files/content?path=/a", "read(/a, 0, 9223372036854775807)")]
    [InlineData("GET", "files/content?path=/a&offset=5&length=6", "read(/a, 5, 6)")]
    [InlineData("PUT", "files/content?path=/a", "write(/a, )! content")]
    [InlineData("PUT", "files/content?path=/a&mode=0600", "write(/a, 0600)! content")]
    [InlineData("PUT", "files/content?path=/a&append=true", "append(/a, , )! content")]
    [InlineData("PUT", "files/content?path=/a&append=true&offset=7&mode=644", "append(/a, 644, 7)! content")]
    [InlineData("DELETE", "files?path=/a", "remove(/a, false)!")]
    [InlineData("DELETE", "files?path=/a&recursive=true", "remove(/a, true)!")]
    [InlineData("POST", "files/folder?path=/a&mode=700", "folder(/a, 700)!")]
    [InlineData("POST", "files/move?path=/a&to=/b", "move(/a, /b, false)!")]
    [InlineData("POST", "files/move?path=/a&to=/b&replace=true", "move(/a, /b, true)!")]
    [InlineData("POST", "files/mode?path=/a&uid=0&gid=5", "mode(/a, , 0, 5)!")]
    public void A_request_becomes_a_question(string method, string path, string asked)
    {
        var (answer, questions) = Ask(ControlFixture.Once(method, $"/v1/machine/{path}", method == "PUT" ? "content" : ""));
        Assert.Equal([asked], questions);
        Assert.StartsWith("HTTP/1.1 200", answer);
        Assert.EndsWith(asked, answer);
    }

    [Theory]
    [InlineData("GET", "processes/x")]
    [InlineData("GET", "processes/0")]
    [InlineData("GET", "processes/-1")]
    [InlineData("GET", "processes/99999999999")]
    [InlineData("GET", "files")]
    [InlineData("GET", "files?path=a")]
    [InlineData("GET", "files/content?path=/a&offset=-1")]
    [InlineData("GET", "files/content?path=/a&length=1k")]
    [InlineData("PUT", "files/content?path=/a&offset=1")]
    [InlineData("PUT", "files/content?path=/a&append=yes")]
    [InlineData("PUT", "files/content?path=/a&append=true&offset=x")]
    [InlineData("PUT", "files/content?path=/a&mode=8")]
    [InlineData("PUT", "files/content?path=/a&mode=10000")]
    [InlineData("PUT", "files/content?path=/a&mode=")]
    [InlineData("DELETE", "files?path=/a&recursive=1")]
    [InlineData("POST", "files/move?path=/a")]
    [InlineData("POST", "files/mode?path=/a")]
    [InlineData("POST", "files/mode?path=/a&uid=4294967295")]
    [InlineData("POST", "processes/7/kill?signal=NIX")]
    [InlineData("POST", "processes/7/kill?signal=0")]
    [InlineData("POST", "processes/7/kill?signal=65")]
    [InlineData("POST", "processes/7/kill?started=x")]
    public void What_makes_no_sense_is_refused_before_anybody_is_asked(string method, string path)
    {
        var (answer, questions) = Ask(ControlFixture.Once(method, $"/v1/machine/{path}"));
        Assert.Empty(questions);
        Assert.StartsWith("HTTP/1.1 400", answer);
        Assert.Contains("request.parameter", answer);
    }

    [Fact]
    public void A_path_that_is_too_long_is_refused() =>
        Assert.Contains("request.parameter", Ask(ControlFixture.Once("GET", "/v1/machine/files?path=/" + new string('a', 4095))).Answer);

    [Theory]
    [InlineData("7/kill", "signal(7, 15, )", "HTTP/1.1 200")]
    [InlineData("7/kill?signal=sighup&started=120", "signal(7, 1, 120)", "HTTP/1.1 200")]
    [InlineData("8/kill?signal=9", "signal(8, 9, )", "HTTP/1.1 404")]
    public void A_signal_is_sent(string path, string asked, string answered)
    {
        var (answer, questions) = Ask(ControlFixture.Once("POST", $"/v1/machine/processes/{path}"));
        Assert.Equal([asked], questions);
        Assert.StartsWith(answered, answer);
    }

    [Fact]
    public void A_connection_that_was_lent_goes_on_behind_a_whole_answer_and_a_refusal()
    {
        var (answer, questions) = Ask("GET /v1/machine/cpu HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/machine/os HTTP/1.1\r\nHost: x\r\n\r\nHEAD /v1/machine/nics HTTP/1.1\r\nHost: x\r\n\r\n" + ControlFixture.Once("GET", "/v1/version"));
        Assert.Equal(["cpu()", "os()", "nics()"], questions);
        Assert.Equal(4, answer.Split("HTTP/1.1 ").Length - 1);
        Assert.Contains("machine.busy", answer);
        Assert.Contains("\"hostname\":\"box\"", answer);
        Assert.DoesNotContain("nics()", answer);
    }

    [Fact]
    public void A_connection_whose_answer_was_broken_off_ends() =>
        Assert.EndsWith("dmi", Ask("GET /v1/machine/dmi HTTP/1.1\r\nHost: x\r\n\r\n" + ControlFixture.Once("GET", "/v1/version")).Answer);

    [Fact]
    public void A_client_that_goes_ends_the_question()
    {
        using var fixture = new ControlFixture();
        fixture.Run(() =>
        {
            using (var socket = fixture.Connect()) socket.Send("GET /v1/machine/cpu HTTP/1.1\r\nHost: x\r\n\r\n"u8);
            Thread.Sleep(10);
        });
        Assert.Equal((1, 1), (fixture.Machine.Information.Asked.Count, fixture.Machine.Information.Disposed));
    }

    [Fact]
    public void Files_are_for_root_alone() => Assert.All(Routes.All.Where(route => route.Template.StartsWith("/v1/machine/files", StringComparison.Ordinal)), route => Assert.Equal(Access.Admin, route.Access));
}
