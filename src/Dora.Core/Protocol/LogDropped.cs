using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>In <see cref="LogStatus"/>: lines that were dropped because their writer had more than its limit.</summary>
/// <param name="Service">Whose they were: a service, <c>uid N</c> of a user who is in none, <c>@ADDRESS</c> of another machine; empty for those not known any more.</param>
/// <param name="Lines">How many, since the machine was started.</param>
/// <param name="Limit">The limit, such as <c>1000/1s</c>; none where there is none any more.</param>
public sealed record LogDropped(string Service, long Lines, string? Limit) : IJsonMapped<LogDropped>
{
    /// <inheritdoc/>
    public static LogDropped Map(JsonMap json, LogDropped? from) => new(
        json.Text("service", from?.Service) ?? "",
        json.Number("lines", from?.Lines) ?? 0,
        json.Text("limit", from?.Limit));
}
