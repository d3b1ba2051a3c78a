using System.Text.Json;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.Control;

/// <summary>What a body is: its media type and, for JSON, its schema. The API's description is made from it (<see cref="OpenApi"/>).</summary>
/// <param name="MediaType">RFC 9110 8.3.</param>
/// <param name="WriteSchema">Writes the schema as one JSON value.</param>
internal sealed record Payload(string MediaType, Action<Utf8JsonWriter, JsonSchemas> WriteSchema)
{
    /// <summary>The same in another form, for clients that ask for it by Accept.</summary>
    public Payload? Or { get; init; }

    /// <summary>Whether a request may come without it.</summary>
    public bool IsOptional { get; init; }

    /// <summary>One object.</summary>
    public static Payload Of<T>() where T : class, IJsonMapped<T> =>
        new(HttpResponse.Json, static (json, schemas) => schemas.WriteReference<T>(json));

    /// <summary>An array of objects.</summary>
    public static Payload ListOf<T>() where T : class, IJsonMapped<T> =>
        new(HttpResponse.Json, static (json, schemas) => schemas.WriteArray<T>(json));

    /// <summary>A stream of objects, one in each line.</summary>
    public static Payload LinesOf<T>() where T : class, IJsonMapped<T> =>
        new(HttpResponse.Ndjson, static (json, schemas) => schemas.WriteReference<T>(json));

    /// <summary>Text, or bytes, without a structure that a schema could tell.</summary>
    public static Payload Plain(string mediaType) => new(mediaType, static (json, _) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "string");
        json.WriteEndObject();
    });

    /// <summary>An object that is described elsewhere.</summary>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="where">Where.</param>
    public static Payload Object(string mediaType, string where) => new(mediaType, (json, _) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "object");
        json.WriteString("description", where);
        // Without it makers of clients take it for an object that has no members.
        json.WriteBoolean("additionalProperties", true);
        json.WriteEndObject();
    });
}
