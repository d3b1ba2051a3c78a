using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dora.Init.Manager.Control;
using Dora.Tests.Harness;
using Xunit;
using Xunit.Abstractions;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>
/// The whole path of a request, from the bytes of a connection through parser, dispatcher and handlers to the answer:
/// a fixed corpus (each route, and what was refused or went wrong once) cut at every byte, and a random run, short in every
/// run and 10 million inputs long in tests/soak api-fuzz. Seeds are printed; PANDORA_FUZZ_SEED plays one again.
/// </summary>
public class ApiFuzzTests(ITestOutputHelper output)
{
    private const int BatchSize = 5_000;

    /// <summary>A request of each route, with what its parameters and its body may be.</summary>
    private static List<string> Requests()
    {
        var requests = new List<string>();
        foreach (var route in Routes.All)
        {
            string path = route.Template.Replace("{name}", "web").Replace("{id}", "long").Replace("{pid}", "1");
            string query = string.Join('&', route.Parameters.Select(parameter => $"{parameter.Name}={(parameter.Type == "boolean" ? "true" : "0")}"));
            requests.Add($"{route.Method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            if (query.Length > 0) requests.Add($"{route.Method} {path}?{query} HTTP/1.1\r\nHost: x\r\n\r\n");
            if (route.Method == "GET") continue;
            requests.Add($"{route.Method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{{\"force\":true}}");
            requests.Add($"{route.Method} {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{{\r\n1\r\n}}\r\n0\r\nA: b\r\n\r\n");
        }
        requests.AddRange([
            "HEAD /v1/services HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/services/broken HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/services/w%65b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "\r\n\r\nGET http://x/v1/version?a=%20+ HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nConnection: close\r\n\r\n",
            "GET /v1/events?after=3 HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nLast-Event-ID: 7\r\n\r\n",
            "POST /v1/run?name=a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 28\r\n\r\n{\"command\":[\"/bin/sleep\",1]}",
            "POST /v1/machine/reboot HTTP/1.1\r\nHost: x\r\nOrigin: http://evil\r\nContent-Length: 2\r\n\r\n{}",
            "POST /v1/machine/poweroff HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n{\"in\":\"10m\",\"x\":1}",
        ]);
        return requests;
    }

    /// <summary>What is refused, and where two readers could disagree.</summary>
    private static readonly string[] s_refused =
    [
        "GET / HTTP/1.1\nHost: x\n\n", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /v1/version HTTP/1.1\r\n\r\n", "GET /v1/version HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET /v1/version HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET /v1/version HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "BREW /v1/version HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        "POST /v1/machine/halt HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n{", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        "GET /v1/services/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v1/services/..%2f..%2fetc HTTP/1.1\r\nHost: x\r\n\r\n",
    ];

    private static readonly string[] s_tokens =
    [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", "%", "%2F", "%00", "/", "?", "&", "=", "#", "\xff", "\xc3\xa9", "{", "}", "[", "\"", "0", "-1", "00000000", "ffffffff", "99999999999999999999",
        "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "GET", "POST", "HEAD", "Host: x\r\n", "Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n",
        "Expect: 100-continue\r\n", "Origin: http://evil\r\n", "Accept: text/event-stream\r\n", "/v1/services/nix", "?wait=1ms", "after=", "follow=true", "5\r\nhello\r\n", "0\r\n\r\n", "{\"force\":true}",
    ];

    [Fact]
    public void The_corpus_gets_the_same_answers_however_it_is_cut()
    {
        using var driver = new ApiDriver();
        driver.Run(All());

        IEnumerable<bool> All()
        {
            foreach (string text in (string[])[.. Requests(), .. s_refused])
            {
                byte[] input = Encoding.Latin1.GetBytes(text);
                List<int> whole = [], pieces = [];
                foreach (bool turn in driver.Play(input, [], Access.Admin, whole)) yield return turn;
                bool isLate = driver.LeftEarly;
                Assert.True(whole.Count > 0 || isLate, $"no answer: {text}");
                foreach (bool turn in driver.Play(input, [.. Enumerable.Range(1, input.Length - 1)], Access.Admin, pieces)) yield return turn;
                if (!isLate) Same(text, whole, pieces);
                for (int cut = 1; cut < input.Length; cut++)
                {
                    pieces.Clear();
                    foreach (bool turn in driver.Play(input, [cut], Access.Admin, pieces)) yield return turn;
                    if (!isLate) Same(text, whole, pieces);
                }
            }
        }
    }

    [Fact]
    public void Every_prefix_of_every_request_is_forgotten_or_told_so()
    {
        using var driver = new ApiDriver();
        driver.Run(All());

        IEnumerable<bool> All()
        {
            foreach (string text in Requests())
            {
                string request = text.TrimStart('\r', '\n');
                for (int length = 0; length < request.Length; length++)
                {
                    var statuses = new List<int>();
                    foreach (bool turn in driver.Play(Encoding.Latin1.GetBytes(request[..length]), [], Access.Admin, statuses)) yield return turn;
                    Assert.Equal(length == 0 ? [] : [400], statuses);
                }
            }
        }
    }

    [Fact]
    public void Random_inputs_neither_hurt_the_server_nor_make_it_grow()
    {
        int batches = Math.Max(2, Fuzz.Rounds(10_000) / BatchSize), look = Math.Max(1, batches / 10);
        int seed = int.TryParse(Environment.GetEnvironmentVariable("PANDORA_FUZZ_SEED"), out int given) ? given : Random.Shared.Next(1_000_000) * 1000;
        Say($"{batches} batches of {BatchSize} inputs, seeds from {seed} on (PANDORA_FUZZ_SEED)");
        string[] corpus = [.. Requests(), .. s_refused];
        byte[] input = [];
        using var driver = new ApiDriver();
        try
        {
            driver.Run(All());
        }
        catch (AggregateException exception)
        {
            throw new InvalidOperationException($"seed {seed}: {exception.Message}\ninput: {System.Text.Json.JsonSerializer.Serialize(Encoding.Latin1.GetString(input))}", exception);
        }

        IEnumerable<bool> All()
        {
            var clock = Stopwatch.StartNew();
            TimeSpan longest = default;
            long memory = 0;
            for (int batch = 1; batch <= batches; batch++, seed++)
            {
                var random = new Random(seed);
                List<int> whole = [], pieces = [];
                for (int i = 0; i < BatchSize; i++)
                {
                    var start = clock.Elapsed;
                    input = Input(random, corpus);
                    var access = (Access)random.Next(3);
                    whole.Clear();
                    foreach (bool turn in driver.Play(input, [], access, whole)) yield return turn;
                    bool isLate = driver.LeftEarly;
                    if (++i < BatchSize)
                    {
                        pieces.Clear();
                        foreach (bool turn in driver.Play(input, Cuts(random, input.Length), access, pieces)) yield return turn;
                        if (!isLate && !driver.LeftEarly) Same(Encoding.Latin1.GetString(input), whole, pieces);
                    }
                    if (clock.Elapsed - start > longest) longest = clock.Elapsed - start;
                }
                if (batch % look != 0 && batch != batches) continue;
                // What was handed to syslog is given up after a moment.
                while (driver.Machine.LogConnection is { IsOpen: true }) yield return true;
                long now = GC.GetTotalMemory(forceFullCollection: true);
                if (memory == 0) memory = now;
                Say($"{(long)batch * BatchSize} inputs, {driver.Answers} answers, {clock.Elapsed.TotalSeconds:0} s, heap {now / 1024} kB, {Descriptors()} descriptors, longest input {longest.TotalMilliseconds:0} ms");
                // In a short run other tests are at work in this process.
                Assert.True(batches < 200 || now - memory < 512 << 10, $"the heap grew from {memory / 1024} to {now / 1024} kB");
            }
        }
    }

    private void Say(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>A pipeline of requests that are as they should be, changed a little, or no requests at all.</summary>
    private static byte[] Input(Random random, string[] corpus)
    {
        var text = new StringBuilder();
        for (int requests = random.Next(1, 5); requests > 0; requests--)
        {
            int start = text.Length;
            if (random.Next(20) == 0)
            {
                for (int length = random.Next(60); length > 0; length--) text.Append((char)random.Next(256));
                continue;
            }
            text.Append(corpus[random.Next(corpus.Length)]);
            // Half of them as they are, so that what follows is reached.
            for (int edits = random.Next(2) * random.Next(5); edits > 0 && text.Length > start; edits--)
            {
                int at = random.Next(start, text.Length);
                switch (random.Next(5))
                {
                    case 0: text[at] = (char)random.Next(256); break;
                    case 1: text.Insert(at, s_tokens[random.Next(s_tokens.Length)]); break;
                    case 2: text.Remove(at, random.Next(1, Math.Min(9, text.Length - at + 1))); break;
                    case 3: text.Length = at; break;
                    default:
                        string other = corpus[random.Next(corpus.Length)];
                        text.Insert(at, other.AsSpan(random.Next(other.Length)));
                        break;
                }
            }
        }
        // Now and then one that goes on and on.
        if (random.Next(500) == 0) text.Insert(random.Next(text.Length + 1), new string((char)random.Next(33, 127), random.Next(40_000)));
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static List<int> Cuts(Random random, int length)
    {
        var cuts = new SortedSet<int>();
        for (int count = random.Next(1, 8); count > 0 && length > 1; count--) cuts.Add(random.Next(1, length));
        return [.. cuts];
    }

    private static void Same(string input, List<int> whole, List<int> pieces)
    {
        if (!whole.SequenceEqual(pieces)) Assert.Fail($"{string.Join(' ', whole)} at once, {string.Join(' ', pieces)} in pieces: {input}");
    }
}
