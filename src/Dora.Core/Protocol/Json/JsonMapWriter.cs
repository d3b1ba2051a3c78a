using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>Writes members; null is left out.</summary>
internal sealed class JsonMapWriter : JsonMap
{
    // The answer is never part of a web page: quotes and letters may stay readable. Control characters are escaped.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Utf8JsonWriter _json;

    private JsonMapWriter(Utf8JsonWriter json)
    {
        _json = json;
    }

    /// <summary>One value, in UTF-8, without a line end.</summary>
    public static byte[] Write<T>(T value) where T : class, IJsonMapped<T> => Write(map => map.Object(value));

    /// <summary>An array of values.</summary>
    public static byte[] WriteList<T>(IReadOnlyList<T> values) where T : class, IJsonMapped<T> => Write(map => map.Array(values));

    /// <summary>One value behind what the buffer holds already.</summary>
    public static void WriteTo<T>(ArrayBufferWriter<byte> buffer, T value) where T : class, IJsonMapped<T> => WriteTo(buffer, map => map.Object(value));

    private static byte[] Write(Action<JsonMapWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        WriteTo(buffer, write);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteTo(ArrayBufferWriter<byte> buffer, Action<JsonMapWriter> write)
    {
        using var json = new Utf8JsonWriter(buffer, s_options);
        write(new JsonMapWriter(json));
    }

    public override string? Text(string name, string? value)
    {
        if (value is not null) _json.WriteString(name, value);
        return value;
    }

    public override long? Number(string name, long? value)
    {
        if (value is { } number) _json.WriteNumber(name, number);
        return value;
    }

    public override bool? Flag(string name, bool? value)
    {
        if (value is { } flag) _json.WriteBoolean(name, flag);
        return value;
    }

    public override double? Decimal(string name, double? value)
    {
        // By hand: the formatting of floating point numbers is 18 kB of code.
        if (value is { } number && Math.Abs(number) < 1e15)
        {
            long hundredths = (long)Math.Round(Math.Abs(number) * 100);
            _json.WritePropertyName(name);
            _json.WriteRawValue((number < 0 ? "-" : "") + (hundredths / 100).ToString() + "." + (hundredths % 100 / 10).ToString() + (hundredths % 10).ToString(), skipInputValidation: true);
        }
        return value;
    }

    public T? WriteMember<T>(string name, T? value) where T : class, IJsonMapped<T>
    {
        if (value is null) return null;
        _json.WritePropertyName(name);
        Object(value);
        return value;
    }

    public IReadOnlyList<T>? WriteMembers<T>(string name, IReadOnlyList<T>? values) where T : class, IJsonMapped<T>
    {
        if (values is null) return null;
        _json.WritePropertyName(name);
        Array(values);
        return values;
    }

    public override IReadOnlyList<string>? Texts(string name, IReadOnlyList<string>? values)
    {
        if (values is null) return null;
        _json.WriteStartArray(name);
        for (int i = 0; i < values.Count; i++) _json.WriteStringValue(values[i]);
        _json.WriteEndArray();
        return values;
    }

    public override IReadOnlyDictionary<string, string>? Pairs(string name, IReadOnlyDictionary<string, string>? values)
    {
        if (values is null) return null;
        _json.WriteStartObject(name);
        foreach (var (key, value) in values) _json.WriteString(key, value);
        _json.WriteEndObject();
        return values;
    }

    private void Object<T>(T value) where T : class, IJsonMapped<T>
    {
        if (value is IJsonKept { Kept: { } kept })
        {
            kept.Text ??= Write(map => map.Members(value));
            _json.WriteRawValue(kept.Text, skipInputValidation: true);
        }
        else Members(value);
    }

    private void Members<T>(T value) where T : class, IJsonMapped<T>
    {
        _json.WriteStartObject();
        T.Map(this, value);
        _json.WriteEndObject();
    }

    private void Array<T>(IReadOnlyList<T> values) where T : class, IJsonMapped<T>
    {
        _json.WriteStartArray();
        for (int i = 0; i < values.Count; i++) Object(values[i]);
        _json.WriteEndArray();
    }
}
