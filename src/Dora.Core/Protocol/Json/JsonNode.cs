using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>
/// A JSON text as a tree, from foreign bytes: its depth is bounded by us, its length by whoever reads it from a socket.
/// At most one of the members is set, and none for <c>null</c>; a number that is no 64-bit integer is a <see cref="Fraction"/>,
/// as it is written.
/// </summary>
internal sealed class JsonNode
{
    public const int MaxDepth = 16;

    public string? Text { get; private init; }
    public long? Number { get; private init; }
    public string? Fraction { get; private init; }
    public bool? Flag { get; private init; }
    public List<JsonNode>? Items { get; private init; }
    public Dictionary<string, JsonNode>? Members { get; private init; }
    public bool IsNull { get; private init; }

    /// <exception cref="JsonException">It is no JSON text, too deep, or has a member twice.</exception>
    public static JsonNode Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            if (!reader.Read()) throw new JsonException("nothing");
            var node = Value(ref reader);
            if (reader.Read()) throw new JsonException("more than one value");
            return node;
        }
        catch (InvalidOperationException exception) // a string that is not valid UTF-8, or half a surrogate pair
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    private static JsonNode Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String: return new JsonNode { Text = reader.GetString() };
            case JsonTokenType.True: return new JsonNode { Flag = true };
            case JsonTokenType.False: return new JsonNode { Flag = false };
            case JsonTokenType.Null: return new JsonNode { IsNull = true };
            case JsonTokenType.Number:
                return reader.TryGetInt64(out long number) ? new JsonNode { Number = number } : new JsonNode { Fraction = System.Text.Encoding.ASCII.GetString(reader.ValueSpan) };
            case JsonTokenType.StartArray:
                var items = new List<JsonNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Value(ref reader));
                return new JsonNode { Items = items };
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, JsonNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    string name = reader.GetString()!;
                    reader.Read();
                    if (!members.TryAdd(name, Value(ref reader))) throw new JsonException($"{name}: given twice");
                }
                return new JsonNode { Members = members };
            default: throw new JsonException("no value");
        }
    }
}
