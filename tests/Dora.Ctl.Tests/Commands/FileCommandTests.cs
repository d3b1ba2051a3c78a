using Xunit;

namespace Dora.Ctl.Tests.Commands;

public sealed class FileCommandTests : IDisposable
{
    private const string Status = """{"path":"/f","type":"file","sizeBytes":5,"mode":"0640","uid":7,"gid":8,"modifiedAt":"2026-11-21T13:00:00.000Z"}""";
    private readonly string _source = Path.GetTempFileName();

    public void Dispose() => File.Delete(_source);

    [Fact]
    public void A_folder_is_a_table()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/machine/files?path=%2Fa%20b", 200, """
            {"path":"/a b","type":"folder","mode":"0755","modifiedAt":"2026-11-21T13:00:00.000Z","truncated":true,"entries":[
            {"name":"b","type":"folder","sizeBytes":4096,"mode":"0700","uid":1,"gid":2,"modifiedAt":"2026-11-21T13:00:00.000Z"},
            {"name":"l","type":"link","sizeBytes":4,"mode":"0777","uid":0,"gid":0,"modifiedAt":"2026-11-21T13:00:00.000Z","target":"b"}]}
            """);
        var (code, output, error) = server.Dora("file", "list", "/a b");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("d 0700    1    2     -  2026-11-21 13:00:00  b/\n", output);
        Assert.Matches("(?m)^l 0777 .* l -> b$", output);
        Assert.Contains("there is more: only 2 names are shown", output);
    }

    [Theory]
    [InlineData("file", '-')]
    [InlineData("folder", 'd')]
    [InlineData("link", 'l')]
    [InlineData("fifo", 'p')]
    [InlineData("socket", 's')]
    [InlineData("block", 'b')]
    [InlineData("character", 'c')]
    public void A_type_is_the_letter_that_ls_has(string type, char letter)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/machine/files?path=%2Ff", 200, Status.Replace("\"file\"", $"\"{type}\""));
        Assert.Contains($"\n{letter} 0640 ", server.Dora("file", "list", "/f").Out);
    }

    [Fact]
    public void Content_is_written_as_it_came()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/machine/files/content?path=%2Ff&offset=2&length=3", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\e\0x");
        server.AddRaw("GET /v1/machine/files/content?path=%2Fcut&offset=0", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        server.AddRaw("GET /v1/machine/files/content?path=%2Fproc&offset=0", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
        Assert.Equal((0, "\e\0x", ""), server.Dora("file", "read", "/f", "--offset", "2", "--length", "3"));
        Assert.Equal((0, "abc", ""), server.Dora("file", "read", "/proc"));
        var cut = server.Dora("file", "read", "/cut");
        Assert.Equal((5, "abc", true), (cut.Code, cut.Out, cut.Error.Contains("cut off")));
    }

    [Fact]
    public void What_fits_one_request_is_written_by_it()
    {
        using var server = new CannedServer();
        File.WriteAllText(_source, "hello");
        server.Add("PUT /v1/machine/files/content?path=%2Ff&mode=0600", 200, Status);
        server.Add("PUT /v1/machine/files/content?path=%2Ff&append=true", 200, Status);
        Assert.Equal((0, "/f: 5 bytes\n", ""), server.Dora("file", "write", "--mode", "0600", "/f", _source));
        Assert.Equal((0, "/f: 5 bytes\n", ""), server.Dora("file", "write", "-a", "/f", _source));
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void Verbs_become_requests()
    {
        using var server = new CannedServer();
        foreach (string request in new[]
        {
            "DELETE /v1/machine/files?path=%2Fa", "DELETE /v1/machine/files?path=%2Fb&recursive=true", "POST /v1/machine/files/folder?path=%2Fa&mode=700", "POST /v1/machine/files/move?path=%2Fa&to=%2Fb&replace=true",
            "POST /v1/machine/files/mode?path=%2Fa&mode=0640&uid=7&gid=8",
        }) server.Add(request, 200, Status);
        Assert.Equal((0, "/f: removed\n", ""), server.Dora("file", "remove", "/a"));
        Assert.Equal((0, "/f: removed\n", ""), server.Dora("file", "remove", "-r", "/b"));
        Assert.Equal((0, "/f: is there\n", ""), server.Dora("file", "mkdir", "/a", "--mode", "700"));
        Assert.Equal((0, "/f: moved here\n", ""), server.Dora("file", "move", "--replace", "/a", "/b"));
        Assert.Equal((0, "/f: mode 0640, user 7, group 8\n", ""), server.Dora("file", "mode", "/a", "0640", "--uid", "7", "--gid", "8"));
        Assert.Equal((0, Status + "\n", ""), server.Dora("file", "remove", "--json", "/a"));
    }
}
