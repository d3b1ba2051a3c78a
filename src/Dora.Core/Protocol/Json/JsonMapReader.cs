using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>Looks members up in one object of a parsed text.</summary>
internal sealed class JsonMapReader : JsonMap
{
    private readonly Dictionary<string, JsonNode> _members;
    private readonly HashSet<string>? _unknown;

    private JsonMapReader(Dictionary<string, JsonNode> members, bool isStrict)
    {
        _members = members;
        _unknown = isStrict ? [.. members.Keys] : null;
    }

    /// <param name="json">One object.</param>
    /// <param name="isStrict">Whether a member that the type does not know is an error.</param>
    /// <exception cref="JsonException">It is no JSON, or does not fit.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, bool isStrict = false) where T : class, IJsonMapped<T> =>
        Object<T>(JsonNode.Parse(json), "", isStrict);

    /// <summary>An array of objects.</summary>
    public static IReadOnlyList<T> ReadList<T>(ReadOnlySpan<byte> json) where T : class, IJsonMapped<T> =>
        Array<T>(JsonNode.Parse(json), "", false);

    public override string? Text(string name, string? value) =>
        Find(name) is not { } node ? null : node.Text ?? throw Unfit(name, "a text");

    public override long? Number(string name, long? value) =>
        Find(name) is not { } node ? null : node.Number ?? throw Unfit(name, "a whole number of 64 bits");

    public override bool? Flag(string name, bool? value) =>
        Find(name) is not { } node ? null : node.Flag ?? throw Unfit(name, "true or false");

    public override double? Decimal(string name, double? value) =>
        Find(name) is not { } node ? null : node.Number ?? Value(node.Fraction) ?? throw Unfit(name, "a number without an exponent");

    /// <summary>By hand, as <see cref="JsonMapWriter.Decimal"/>.</summary>
    private static double? Value(string? fraction)
    {
        if (fraction is null) return null;
        double value = 0, unit = 0;
        foreach (char c in fraction)
        {
            if (c == '.') unit = 1;
            else if (c is >= '0' and <= '9') (value, unit) = (value * 10 + (c - '0'), unit * 10);
            else if (c != '-') return null;
        }
        value /= unit == 0 ? 1 : unit;
        return fraction[0] == '-' ? -value : value;
    }

    public T? ReadMember<T>(string name) where T : class, IJsonMapped<T> =>
        Find(name) is { } node ? Object<T>(node, name, _unknown is not null) : null;

    public IReadOnlyList<T>? ReadMembers<T>(string name) where T : class, IJsonMapped<T> =>
        Find(name) is { } node ? Array<T>(node, name, _unknown is not null) : null;

    public override IReadOnlyList<string>? Texts(string name, IReadOnlyList<string>? values)
    {
        if (Find(name) is not { } node) return null;
        var texts = new List<string>();
        foreach (var item in node.Items ?? throw Unfit(name, "a list")) texts.Add(item.Text ?? throw Unfit(name, "a list of texts"));
        return texts;
    }

    public override IReadOnlyDictionary<string, string>? Pairs(string name, IReadOnlyDictionary<string, string>? values)
    {
        if (Find(name) is not { } node) return null;
        var pairs = new Dictionary<string, string>();
        foreach (var (key, item) in node.Members ?? throw Unfit(name, "an object")) pairs[key] = item.Text ?? throw Unfit(name, "an object of texts");
        return pairs;
    }

    private JsonNode? Find(string name)
    {
        _unknown?.Remove(name);
        return _members.TryGetValue(name, out var node) && !node.IsNull ? node : null;
    }

    private static T Object<T>(JsonNode node, string name, bool isStrict) where T : class, IJsonMapped<T>
    {
        var reader = new JsonMapReader(node.Members ?? throw Unfit(name, "an object"), isStrict);
        var value = T.Map(reader, null);
        if (reader._unknown is { Count: > 0 } unknown)
            foreach (string other in unknown) throw new JsonException($"{other}: there is no such member");
        return value;
    }

    // An array and no List<T>: the tables of that type for each T are half of what a mapped type costs.
    private static T[] Array<T>(JsonNode node, string name, bool isStrict) where T : class, IJsonMapped<T>
    {
        var items = node.Items ?? throw Unfit(name, "a list");
        var values = new T[items.Count];
        for (int i = 0; i < values.Length; i++) values[i] = Object<T>(items[i], name, isStrict);
        return values;
    }

    private static JsonException Unfit(string name, string what) => new(name.Length == 0 ? $"it is not {what}" : $"{name}: it is not {what}");
}
