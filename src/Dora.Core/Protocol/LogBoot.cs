using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>One line of <c>GET /v1/logs/boots</c> (NDJSON): a boot that there are log lines of.</summary>
/// <param name="Index">0 is this boot, -1 the one before, and so on.</param>
/// <param name="Boot">How its id begins: 8 hexadecimal digits.</param>
public sealed record LogBoot(int Index, string Boot) : IJsonMapped<LogBoot>
{
    /// <summary>UTC of its earliest line in a file.</summary>
    public string? First { get; init; }

    /// <summary>UTC of its latest line in a file.</summary>
    public string? Last { get; init; }

    /// <summary>How many files have lines of it.</summary>
    public int Files { get; init; }

    // Written by syslog (StoreHistory).
    /// <inheritdoc/>
    public static LogBoot Map(JsonMap json, LogBoot? from) => new(json.RequiredInteger("index", from?.Index), json.RequiredText("boot", from?.Boot))
    {
        First = json.Text("first", from?.First),
        Last = json.Text("last", from?.Last),
        Files = json.RequiredInteger("files", from?.Files),
    };
}
