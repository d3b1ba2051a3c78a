using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Client;

/// <summary>Log lines.</summary>
public sealed partial class DoraClient
{
    /// <summary>Path and query of a request for log lines, for <see cref="Stream"/>.</summary>
    /// <param name="service">Only lines of this service; null is all of them.</param>
    /// <param name="lines">How many of the latest lines come first, at most 100,000.</param>
    /// <param name="follow">Whether new lines follow until one side closes.</param>
    /// <param name="after">Instead of the latest lines those behind this sequence number; 0 is none.</param>
    /// <param name="untilEnd">With <paramref name="follow"/> and a service: until nobody holds its output any more.</param>
    public static string LogPath(string? service = null, int lines = LogQuery.DefaultLines, bool follow = false, long after = 0, bool untilEnd = false) =>
        "/v1/logs?" + (after > 0 ? $"after={after}&" : "") + $"lines={lines}" + (follow ? "&follow=true" : "")
        + (untilEnd ? "&until=end" : "") + (string.IsNullOrEmpty(service) ? "" : $"&service={Escape(service)}");

    /// <summary>Further conditions of a request for log lines, to be put behind what <see cref="LogPath"/> made.</summary>
    /// <param name="priority">This severity and more urgent ones: 0 emergency to 7 debug.</param>
    /// <param name="since">RFC 3339 or seconds since 1970: not before that. Lines of earlier boots are looked for, too.</param>
    /// <param name="until">As <paramref name="since"/>: not after that.</param>
    /// <param name="grep">Only lines that hold this text.</param>
    /// <param name="ignoreCase">a to z of <paramref name="grep"/> count as A to Z.</param>
    /// <param name="kernel">Only lines of the kernel.</param>
    /// <param name="boot">Only lines of a boot: -1 is the one before this one, 0 this one, or how its id begins.</param>
    public static string LogConditions(int? priority = null, string? since = null, string? until = null, string? grep = null, bool ignoreCase = false, bool kernel = false, string? boot = null) =>
        (priority is { } number ? $"&priority={number}" : "") + Condition("since", since) + Condition("until", until) + Condition("grep", grep)
        + (ignoreCase ? "&ignorecase=true" : "") + (kernel ? "&kernel=true" : "") + Condition("boot", boot);

    private static string Condition(string name, string? value) => value is null ? "" : $"&{name}={Escape(value)}";

    /// <summary>The boots that there are log lines of, the oldest first.</summary>
    public IReadOnlyList<LogBoot> LogBoots()
    {
        var boots = new List<LogBoot>();
        var splitter = new LineSplitter(json =>
        {
            if (!json.IsEmpty) boots.Add(JsonMapReader.Read<LogBoot>(json));
        });
        Stream("/v1/logs/boots", splitter.Feed);
        return boots;
    }

    /// <summary>How much the log holds, and what it has lost.</summary>
    public Answer<LogStatus> LogStatus() => Get<LogStatus>("/v1/logs/status");

    /// <summary>Gives log lines to <paramref name="take"/>, as they come, until the other side ends the stream.</summary>
    /// <param name="path">What <see cref="LogPath"/> made.</param>
    /// <param name="take">Gets each line.</param>
    /// <param name="unreadable">Gets the text of what is no line: the rest of one that was cut when the connection broke.</param>
    public void Log(string path, Action<LogLine> take, Action<string>? unreadable = null)
    {
        var splitter = new LineSplitter(json =>
        {
            if (json.IsEmpty) return; // a sign of life
            LogLine line;
            try
            {
                line = JsonMapReader.Read<LogLine>(json);
            }
            catch (JsonException)
            {
                unreadable?.Invoke(System.Text.Encoding.UTF8.GetString(json));
                return;
            }
            take(line);
        });
        Stream(path, splitter.Feed);
    }

    /// <summary>The number of the latest line; 0 where there is none.</summary>
    public long LatestLogSequence()
    {
        long latest = 0;
        Log(LogPath(lines: 1), line => latest = line.Sequence ?? latest);
        return latest;
    }

    /// <summary>
    /// Gives lines, each as JSON without its end, to <paramref name="take"/>, and goes on: a connection that ends, as with a syslog that is
    /// restarted, is made again behind the last line, so none is missed. It is given up when nobody answers for 30 s.
    /// </summary>
    /// <param name="path">What <see cref="LogPath"/> made, with <c>follow</c>.</param>
    /// <param name="take">Gets each line; of one that was cut when the connection broke the whole later.</param>
    internal void FollowLog(string path, Action<byte[]> take)
    {
        // Whoever has seen no line when the connection ends goes on behind those that were there before.
        long? before = null;
        long last = 0;
        bool isAgain = false;
        var lastSign = Sys.TimeSinceBoot();
        while (true)
        {
            try
            {
                before ??= LatestLogSequence();
                var splitter = new LineSplitter(json =>
                {
                    lastSign = Sys.TimeSinceBoot();
                    if (json.IsEmpty) return; // a sign of life
                    long? number = Number(json);
                    if (number is null && last > 0) return;
                    last = number ?? last;
                    take(json.ToArray());
                });
                long after = Math.Max(before.Value, last);
                string from = isAgain && after > 0 ? path.Replace("?", $"?after={after}&", StringComparison.Ordinal) : path;
                Stream(from, piece =>
                {
                    isAgain = true;
                    splitter.Feed(piece);
                });
                isAgain = true;
            }
            catch (DoraException failure) when (IsBetweenTwo(failure, isAgain) && Sys.TimeSinceBoot() - lastSign < LongestSilence)
            {
            }
            Thread.Sleep(s_beforeNextTry);
        }
    }

    /// <summary>Syslog or the manager is being replaced: what is asked for can be had in a moment, and none of it is lost.</summary>
    /// <param name="failure">What came in place of lines.</param>
    /// <param name="wasThere">There has been an answer before: else there is no manager, and none will come.</param>
    internal static bool IsBetweenTwo(DoraException failure, bool wasThere) =>
        (wasThere && failure.Failure is DoraFailure.NotReachable or DoraFailure.NotAnswering) || failure.Error?.Error == "log.not-running";

    private static long? Number(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonMapReader.Read<LogLine>(json).Sequence;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
