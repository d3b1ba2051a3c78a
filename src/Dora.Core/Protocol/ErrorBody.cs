using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>The body of every answer that is not a success.</summary>
/// <param name="Error">A stable name for programs: <c>service.not-found</c>. docs/protocol.md lists them.</param>
/// <param name="Message">What happened and what to do, for people.</param>
/// <param name="Data">Details by name; never null on the wire.</param>
public sealed record ErrorBody(string Error, string Message, IReadOnlyDictionary<string, string> Data) : IJsonMapped<ErrorBody>
{
    private static readonly IReadOnlyDictionary<string, string> s_none = new Dictionary<string, string>();

    /// <summary>An error without details.</summary>
    public ErrorBody(string error, string message) : this(error, message, s_none)
    {
    }

    /// <inheritdoc/>
    public static ErrorBody Map(JsonMap json, ErrorBody? from) => new(
        json.Text("error", from?.Error) ?? "",
        json.Text("message", from?.Message) ?? "",
        json.Pairs("data", from?.Data) ?? s_none);
}
