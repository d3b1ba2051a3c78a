using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Client;

/// <summary>What happens.</summary>
public sealed partial class DoraClient
{
    /// <summary>Path and query of a request for events, for <see cref="Stream"/>.</summary>
    /// <param name="after">Only events behind this id; 0 is all that are kept.</param>
    /// <param name="follow">Whether the answer goes on with what comes.</param>
    public static string EventPath(long after = 0, bool follow = false) => $"/v1/events?after={after}" + (follow ? "&follow=true" : "");

    /// <summary>
    /// Gives events to <paramref name="take"/>. With <paramref name="follow"/> a connection that ends, as with a manager that is
    /// replaced, is made again behind the last event, so none is missed; it is given up when nobody answers for 30 s.
    /// </summary>
    public void Events(long after, bool follow, Action<EventInfo, byte[]> take)
    {
        var lastSign = Sys.TimeSinceBoot();
        do
        {
            try
            {
                var splitter = new LineSplitter(line =>
                {
                    lastSign = Sys.TimeSinceBoot();
                    if (line.IsEmpty || Parse(line) is not { } info) return; // an empty line is a sign of life
                    after = info.Id;
                    take(info, line.ToArray());
                });
                Stream(EventPath(after, follow), splitter.Feed);
            }
            catch (DoraException failure) when (follow && IsBetweenTwo(failure, wasThere: true) && Sys.TimeSinceBoot() - lastSign < LongestSilence)
            {
            }
            if (follow) Thread.Sleep(s_beforeNextTry);
        }
        while (follow);
    }

    /// <summary>How long one who follows waits for somebody to answer.</summary>
    internal static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_beforeNextTry = TimeSpan.FromMilliseconds(100);

    private static EventInfo? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonMapReader.Read<EventInfo>(line);
        }
        catch (JsonException)
        {
            return null; // cut when the connection broke: it comes again
        }
    }
}
