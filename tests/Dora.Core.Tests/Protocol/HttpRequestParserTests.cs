using Dora.Tests.Harness;
using System.Text;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class HttpRequestParserTests
{
    private static readonly string[] s_valid =
    [
        "GET / HTTP/1.0\r\n\r\n",
        "GET /v1/services HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\nGET /v1/services/web?x=1&y=a%20b+c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
        "POST /v1/machine/reboot HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{\"force\":true}",
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: foo, Close\r\n\r\nx",
        "HEAD http://host:80/v1/version?q HTTP/1.1\r\nhost: \t x \r\nX-Latin: \u00e9\r\n\r\n",
    ];

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static HttpRequestParser Parse(string text) => Parse(Bytes(text), int.MaxValue, out _);

    private static HttpRequestParser Parse(ReadOnlySpan<byte> bytes, int step, out int consumed)
    {
        var parser = new HttpRequestParser();
        consumed = 0;
        while (consumed < bytes.Length && parser.State is not (HttpRequestState.Complete or HttpRequestState.Failed))
        {
            int taken = parser.Feed(bytes.Slice(consumed, Math.Min(step, bytes.Length - consumed)));
            Assert.True(taken > 0 || parser.State == HttpRequestState.Failed, "the parser neither takes a byte nor fails");
            consumed += taken;
        }
        return parser;
    }

    private static string Describe(HttpRequestParser parser)
    {
        if (parser.State == HttpRequestState.Failed) return $"{parser.Error!.Status} {parser.Error.Message}";
        if (parser.Request is not { } r) return parser.State.ToString();
        return $"{r.Method} {string.Join('|', r.Target.Segments)} {string.Join('|', r.Target.Query)} {r.MinorVersion} {r.KeepAlive} "
            + $"{r.Fields.Count} {Encoding.Latin1.GetString(r.Body)}";
    }

    [Fact]
    public void Request_is_read_with_path_query_fields_and_body()
    {
        var request = Parse(s_valid[2]).Request!;
        Assert.Equal("GET", request.Method);
        Assert.Equal(["v1", "services", "web"], request.Target.Segments);
        Assert.Equal("a b c", request.Target["y"]);
        Assert.Equal("*/*", request.Fields["accept"]);
        Assert.True(request.KeepAlive);
        Assert.Equal("hello0123456789", Encoding.ASCII.GetString(Parse(s_valid[4]).Request!.Body));
        Assert.Equal("x", Parse(s_valid[6]).Request!.Fields["host"]);
    }

    [Fact]
    public void Keep_alive_follows_version_and_Connection()
    {
        Assert.False(Parse(s_valid[0]).Request!.KeepAlive);
        Assert.False(Parse(s_valid[5]).Request!.KeepAlive);
        Assert.True(Parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").Request!.KeepAlive);
    }

    [Fact]
    public void Pipelined_requests_are_told_apart()
    {
        byte[] bytes = Bytes(string.Concat(s_valid));
        var parser = new HttpRequestParser();
        int at = 0;
        foreach (string text in s_valid)
        {
            parser.Reset();
            at += parser.Feed(bytes.AsSpan(at));
            Assert.Equal(HttpRequestState.Complete, parser.State);
            Assert.Equal(Describe(Parse(text)), Describe(parser));
        }
        Assert.Equal(bytes.Length, at);
    }

    [Fact]
    public void A_request_has_started_with_its_first_byte_behind_empty_lines()
    {
        foreach (int step in new[] { int.MaxValue, 1 })
        {
            Assert.False(Parse(Bytes("\r\n\r\n"), step, out _).HasStarted);
            Assert.True(Parse(Bytes("\r\n\r\nG"), step, out _).HasStarted);
        }
    }

    [Fact]
    public void Every_prefix_of_a_valid_request_needs_more()
    {
        foreach (string text in s_valid)
        {
            byte[] bytes = Bytes(text);
            for (int length = 0; length < bytes.Length; length++)
            {
                var parser = Parse(bytes.AsSpan(0, length), int.MaxValue, out int consumed);
                Assert.Equal(length, consumed);
                Assert.True(parser.State is HttpRequestState.RequestLine or HttpRequestState.Fields or HttpRequestState.Body, text[..length]);
            }
        }
    }

    [Theory]
    [InlineData(400, "GET / HTTP/1.1\nHost: x\n\n")]
    [InlineData(400, "GET / HTTP/1.1\rHost: x\r\n\r\n")]
    [InlineData(400, "GET /\r\n\r\n")]
    [InlineData(400, "GET  HTTP/1.1\r\n\r\n")]
    [InlineData(400, " / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/11\r\n\r\n")]
    [InlineData(400, "GET / http/1.1\r\n\r\n")]
    [InlineData(400, "GET  / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "G(T / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET /a%2 HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET /a%ff HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET /\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost\r\n\r\n")]
    [InlineData(400, "GET / HTTP/1.1\r\nHost: x\0\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n000000005\r\nhello\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n")]
    [InlineData(400, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n")]
    [InlineData(413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n")]
    [InlineData(413, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n")]
    [InlineData(417, "POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n")]
    [InlineData(501, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData(501, "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData(505, "GET / HTTP/2.0\r\n\r\n")]
    [InlineData(505, "GET / HTTP/1.2\r\n\r\n")]
    public void Malformed_request_is_refused_with_its_status(int status, string text)
    {
        foreach (int step in new[] { int.MaxValue, 1, 3 })
            Assert.Equal(status, Parse(Bytes(text), step, out _).Error?.Status);
    }

    [Fact]
    public void Caps_hold_exactly()
    {
        static string Line(int length) => "GET /" + new string('a', length - 14) + " HTTP/1.1\r\nHost: x\r\n\r\n";
        Assert.Equal(HttpRequestState.Complete, Parse(Line(8192)).State);
        Assert.Equal(414, Parse(Line(8193)).Error!.Status);
        Assert.Equal(414, Parse(new string('a', 9000)).Error!.Status);

        static string Fields(int count) => "GET / HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", count)) + "\r\n";
        Assert.Equal(HttpRequestState.Complete, Parse(Fields(99)).State);
        Assert.Equal(431, Parse(Fields(100)).Error!.Status);

        static string Header(int length) => "GET / HTTP/1.1\r\nHost: x\r\nA: " + new string('b', length - 14) + "\r\n\r\n";
        Assert.Equal(HttpRequestState.Complete, Parse(Header(16384)).State);
        Assert.Equal(431, Parse(Header(16385)).Error!.Status);
        Assert.Equal(431, Parse(Header(20000)).Error!.Status);

        static string Body(int length) => $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n" + new string('b', length);
        Assert.Equal(1 << 20, Parse(Body(1 << 20)).Request!.Body.Length);

        static string Chunked(int chunks) => "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + string.Concat(Enumerable.Repeat("10000\r\n" + new string('c', 65536) + "\r\n", chunks)) + "0\r\n\r\n";
        Assert.Equal(1 << 20, Parse(Chunked(16)).Request!.Body.Length);
        Assert.Equal(413, Parse(Chunked(17)).Error!.Status);

        static string Trailer(int count) => "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + string.Concat(Enumerable.Repeat("A: b\r\n", count)) + "\r\n";
        Assert.Equal(HttpRequestState.Complete, Parse(Trailer(100)).State);
        Assert.Equal(431, Parse(Trailer(101)).Error!.Status);
        Assert.Equal(400, Parse(string.Concat(Enumerable.Repeat("\r\n", 5000))).Error!.Status);
    }

    [Fact]
    public void Continue_is_wanted_only_while_the_body_has_not_begun_and_by_HTTP_1_1()
    {
        string head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
        Assert.True(Parse(head).AwaitsContinue);
        Assert.False(Parse(head + "x").AwaitsContinue);
        Assert.False(Parse(head.Replace("1.1", "1.0")).AwaitsContinue);
        Assert.False(Parse(head.Replace("Length: 2", "Length: 0")).AwaitsContinue);
    }

    [Fact]
    public void Feeding_in_pieces_equals_feeding_at_once_for_mutated_requests()
    {
        var random = new Random(20261121);
        string tokens = "\r\n :%/?&=;,\0\t0Aaf\u00ff";
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var text = new StringBuilder(s_valid[random.Next(s_valid.Length)]);
            for (int edits = random.Next(1, 5); edits > 0; edits--)
            {
                int at = random.Next(text.Length);
                switch (random.Next(4))
                {
                    case 0: text[at] = tokens[random.Next(tokens.Length)]; break;
                    case 1: text.Insert(at, tokens[random.Next(tokens.Length)]); break;
                    case 2 when text.Length > 1: text.Remove(at, 1); break;
                    default: text.Insert(at, s_valid[random.Next(s_valid.Length)].AsSpan(0, 12)); break;
                }
            }
            byte[] bytes = Bytes(text.ToString());
            string whole = Describe(Parse(bytes, int.MaxValue, out int consumedWhole));
            var single = Parse(bytes, 1, out int consumedSingle);
            Assert.Equal(whole, Describe(single));
            Assert.Equal(whole, Describe(Parse(bytes, random.Next(2, 20), out _)));
            if (single.State == HttpRequestState.Complete) Assert.Equal(consumedWhole, consumedSingle);
        }
    }

    [Fact]
    public void Random_bytes_neither_throw_nor_stall()
    {
        var random = new Random(4711);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Parse(bytes, random.Next(1, 50), out _);
        }
    }
}
