using Dora.Tests.Harness;
using System.Text;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class HttpResponseReaderTests
{
    private static (HttpResponseReader Reader, string Body, int Consumed) Read(string text, int step = int.MaxValue)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        var reader = new HttpResponseReader();
        var body = new StringBuilder();
        int at = 0;
        while (at < bytes.Length && !reader.IsComplete && reader.Error is null)
        {
            int taken = reader.Feed(bytes.AsSpan(at, Math.Min(step, bytes.Length - at)), piece => body.Append(Encoding.Latin1.GetString(piece)));
            Assert.True(taken > 0 || reader.Error is not null);
            at += taken;
        }
        return (reader, body.ToString(), at);
    }

    [Fact]
    public void What_the_server_formats_is_read_back()
    {
        byte[] answer = HttpResponse.Format(202, HttpResponse.Json, "{\"a\":1}\n"u8, keepAlive: true, extra: ("Location", "/v1/changes/7"));
        foreach (int step in new[] { int.MaxValue, 1, 7 })
        {
            var (reader, body, consumed) = Read(Encoding.Latin1.GetString(answer) + "HTTP/1.1 200", step);
            Assert.True(reader.IsComplete);
            Assert.Equal(202, reader.Status);
            Assert.Equal("{\"a\":1}\n", body);
            Assert.Equal("/v1/changes/7", reader.Fields["location"]);
            Assert.Equal(answer.Length, consumed);
        }
    }

    [Fact]
    public void Stream_ends_with_the_connection()
    {
        var (reader, body, _) = Read(Encoding.ASCII.GetString(HttpResponse.StreamHead(HttpResponse.Ndjson)) + "{}\n{}\n", 3);
        Assert.Equal("{}\n{}\n", body);
        Assert.False(reader.IsComplete);
        Assert.True(reader.End());
    }

    [Fact]
    public void Chunks_and_interim_answers_are_understood()
    {
        var (reader, body, _) = Read("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 1);
        Assert.True(reader.IsComplete);
        Assert.Equal("abc", body);
    }

    [Fact]
    public void Cut_answer_is_not_complete()
    {
        string text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
        for (int length = 0; length < text.Length; length++) Assert.False(Read(text[..length]).Reader.End());
        Assert.True(Read(text).Reader.End());
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n")]
    [InlineData("HTTP/1.1 200 OK\nA: b\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public void Nonsense_is_an_error(string text) => Assert.NotNull(Read(text).Reader.Error);

    [Fact]
    public void Random_mutations_neither_throw_nor_stall()
    {
        var random = new Random(99);
        string valid = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        for (int round = 0; round < Fuzz.Rounds(10_000); round++)
        {
            char[] text = valid.ToCharArray();
            for (int edits = random.Next(1, 4); edits > 0; edits--) text[random.Next(text.Length)] = (char)random.Next(256);
            var whole = Read(new string(text));
            var single = Read(new string(text), 1);
            Assert.Equal(whole.Body, single.Body);
            Assert.Equal(whole.Reader.Error, single.Reader.Error);
        }
    }
}
