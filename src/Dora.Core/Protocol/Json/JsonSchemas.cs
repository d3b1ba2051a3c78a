using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>The types that a document refers to, each described once below <c>#/components/schemas</c>.</summary>
internal sealed class JsonSchemas
{
    private readonly HashSet<string> _names = [];
    private readonly Queue<(string Name, Action<Utf8JsonWriter, JsonSchemas> Write)> _open = new();

    /// <summary><c>{"$ref":"#/components/schemas/NAME"}</c>, and remembers to describe the type.</summary>
    public void WriteReference<T>(Utf8JsonWriter json) where T : class, IJsonMapped<T>
    {
        string name = typeof(T).Name;
        if (_names.Add(name)) _open.Enqueue((name, JsonMapSchema.Write<T>));
        json.WriteStartObject();
        json.WriteString("$ref", $"#/components/schemas/{name}");
        json.WriteEndObject();
    }

    /// <summary>The schema of an array of them.</summary>
    public void WriteArray<T>(Utf8JsonWriter json) where T : class, IJsonMapped<T>
    {
        json.WriteStartObject();
        json.WriteString("type", "array");
        json.WritePropertyName("items");
        WriteReference<T>(json);
        json.WriteEndObject();
    }

    /// <summary>Members of an object, one for each type that was referred to, here or from another.</summary>
    public void WriteAll(Utf8JsonWriter json)
    {
        while (_open.TryDequeue(out var type))
        {
            json.WritePropertyName(type.Name);
            type.Write(json, this);
        }
    }
}
