namespace Dora.Core.Configuration.Yaml;

/// <summary>A node of a file that passed <see cref="YamlReader"/>: plain data with positions, no anchors, tags or aliases.</summary>
internal abstract record YamlNode(Position Position)
{
    /// <summary>For messages: "expected a word, found a list".</summary>
    public abstract string Kind { get; }
}

/// <summary>A single value; <paramref name="IsPlain"/> if it was written without quotes.</summary>
internal sealed record YamlScalar(Position Position, string Value, bool IsPlain) : YamlNode(Position)
{
    /// <summary>Nothing behind the colon, or one of YAML's words for nothing.</summary>
    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : "a word";
}

internal sealed record YamlList(Position Position, IReadOnlyList<YamlNode> Items) : YamlNode(Position)
{
    public override string Kind => "a list";
}

internal sealed record YamlMapping(Position Position, IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries) : YamlNode(Position)
{
    public override string Kind => "a mapping";
}
