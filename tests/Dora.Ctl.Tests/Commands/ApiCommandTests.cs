using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class ApiCommandTests
{
    [Fact]
    public void The_answer_is_printed_as_it_came()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/x?a=1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n");
        Assert.Equal((0, "{\"a\":1}", ""), server.Dora("api", "get", "/v1/x?a=1"));
    }

    [Fact]
    public void With_i_the_head_goes_first()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/x", "HTTP/1.1 202 Whatever\r\nLocation: /v1/changes/5\r\nContent-Length: 2\r\n\r\n{}");
        Assert.Equal((0, "HTTP/1.1 202 Accepted\nlocation: /v1/changes/5\ncontent-length: 2\n\n{}", ""), server.Dora("api", "GET", "/v1/x", "-i"));
        server.AddRaw("HEAD /v1/x", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        Assert.Equal((0, "HTTP/1.1 200 OK\ncontent-length: 500\n\n", ""), server.Dora("api", "HEAD", "/v1/x", "-i"));
    }

    [Theory]
    [InlineData(403, "access.denied", 4)]
    [InlineData(404, "service.not-found", 3)]
    [InlineData(404, "path.not-found", 1)]
    [InlineData(500, "internal", 1)]
    public void The_exit_code_tells_the_status(int status, string name, int expected)
    {
        using var server = new CannedServer();
        string answer = $$"""{"error":"{{name}}","message":"so it is","data":{} }""";
        server.Add("POST /v1/x", status, answer);
        var (code, output, error) = server.Dora("api", "POST", "/v1/x");
        Assert.Equal((expected, answer), (code, output));
        Assert.StartsWith("hint: ", error);
    }

    [Fact]
    public void A_body_is_sent_from_the_line_or_from_a_file()
    {
        using var server = new CannedServer();
        server.Add("PUT /v1/x", 200, "{}");
        Assert.Equal(0, server.Dora("api", "PUT", "/v1/x", "-d", """{"a":"ä"}""").Code);
        Assert.EndsWith("Content-Length: 10\r\n\r\n{\"a\":\"ä\"}", server.Whole[^1]);
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "from a file");
        Assert.Equal(0, server.Dora("api", "PUT", "/v1/x", "--data", "@" + file).Code);
        File.Delete(file);
        Assert.EndsWith("\r\n\r\nfrom a file", server.Whole[^1]);
        var (code, _, error) = server.Dora("api", "PUT", "/v1/x", "--data", "@" + file);
        Assert.Equal(1, code);
        Assert.Contains($"{file}: no such file or directory (ENOENT)", error);
    }

    [Theory]
    [InlineData("GET", "v1/services", "begins with '/'")]
    [InlineData("GET", "/v1/a b", "percent-encoded")]
    [InlineData("GET", "/v1/a\r\nX: y", "percent-encoded")]
    [InlineData("G T", "/v1/a", "is no method")]
    public void Nothing_can_be_smuggled_into_the_request(string method, string path, string expected)
    {
        var (code, _, error) = CannedServer.Run("api", method, path);
        Assert.Equal(2, code);
        Assert.Contains(expected, error);
    }

    [Fact]
    public void An_answer_that_is_cut_is_5()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/x", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}");
        Assert.Equal(5, server.Dora("api", "GET", "/v1/x").Code);
        server.AddRaw("GET /v1/y", "SSH-2.0-x\r\n");
        Assert.Equal(5, server.Dora("api", "GET", "/v1/y").Code);
    }
}
