using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>
/// Describes the members of types as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) by asking each type for its map. A type
/// that others have as a member is described once, under its own name.
/// </summary>
internal sealed class JsonMapSchema : JsonMap
{
    private readonly Utf8JsonWriter _json;
    private readonly JsonSchemas _schemas;
    private readonly List<string> _required = [];

    private JsonMapSchema(Utf8JsonWriter json, JsonSchemas schemas)
    {
        _json = json;
        _schemas = schemas;
    }

    /// <summary>Writes the schema of one type as an object.</summary>
    public static void Write<T>(Utf8JsonWriter json, JsonSchemas schemas) where T : class, IJsonMapped<T>
    {
        var schema = new JsonMapSchema(json, schemas);
        json.WriteStartObject();
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        T.Map(schema, null);
        json.WriteEndObject();
        if (schema._required.Count > 0)
        {
            json.WriteStartArray("required");
            foreach (string name in schema._required) json.WriteStringValue(name);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    public override string? Text(string name, string? value)
    {
        Plain(name, "string");
        return null;
    }

    public override long? Number(string name, long? value)
    {
        _json.WriteStartObject(name);
        _json.WriteString("type", "integer");
        _json.WriteString("format", "int64");
        _json.WriteEndObject();
        return null;
    }

    public override bool? Flag(string name, bool? value)
    {
        Plain(name, "boolean");
        return null;
    }

    public override double? Decimal(string name, double? value)
    {
        Plain(name, "number");
        return null;
    }

    public override IReadOnlyList<string>? Texts(string name, IReadOnlyList<string>? values)
    {
        _json.WriteStartObject(name);
        _json.WriteString("type", "array");
        Plain("items", "string");
        _json.WriteEndObject();
        return null;
    }

    public override IReadOnlyDictionary<string, string>? Pairs(string name, IReadOnlyDictionary<string, string>? values)
    {
        _json.WriteStartObject(name);
        _json.WriteString("type", "object");
        Plain("additionalProperties", "string");
        _json.WriteEndObject();
        return null;
    }

    public T? DescribeMember<T>(string name) where T : class, IJsonMapped<T>
    {
        _json.WritePropertyName(name);
        _schemas.WriteReference<T>(_json);
        return null;
    }

    public IReadOnlyList<T>? DescribeMembers<T>(string name) where T : class, IJsonMapped<T>
    {
        _json.WritePropertyName(name);
        _schemas.WriteArray<T>(_json);
        return null;
    }

    private protected override void Require(string name) => _required.Add(name);

    private void Plain(string name, string type)
    {
        _json.WriteStartObject(name);
        _json.WriteString("type", type);
        _json.WriteEndObject();
    }
}
