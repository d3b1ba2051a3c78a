using System.Text.Json;
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
}
