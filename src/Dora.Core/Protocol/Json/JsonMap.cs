using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>
/// Objects to JSON and back, member by member. A type says once which members it has (<see cref="IJsonMapped{T}"/>);
/// <see cref="JsonMapWriter"/> writes them, <see cref="JsonMapReader"/> looks them up, <see cref="JsonMapSchema"/> describes them: the
/// three cannot drift apart.
/// System.Text.Json does the tokens (Utf8JsonReader, Utf8JsonWriter); its serializer is left out, because converters and
/// the type metadata that they need are 1.3 MB of the 5 that init may have.
///
/// Absent and null are the same; a member has a default for it, or is required because nothing makes sense without it.
/// Unknown members are ignored (an older client reads a newer server) unless the reader is strict (a request with a
/// member that we do not know would not do what its sender means). A value of the wrong kind is a
/// <see cref="JsonException"/>.
/// </summary>
public abstract class JsonMap
{
    private protected JsonMap()
    {
    }

    /// <summary>A text.</summary>
    public abstract string? Text(string name, string? value);

    /// <summary>A whole number of 64 bits.</summary>
    public abstract long? Number(string name, long? value);

    /// <summary>True or false.</summary>
    public abstract bool? Flag(string name, bool? value);

    /// <summary>A number with a fraction, of which two digits are kept.</summary>
    public abstract double? Decimal(string name, double? value);

    // Not virtual: the code for a generic virtual method is looked for at run time, by the type loader, and in the manager's
    // first save that took longer than reading all service files.

    /// <summary>An object.</summary>
    public T? Member<T>(string name, T? value) where T : class, IJsonMapped<T> => this switch
    {
        JsonMapWriter writer => writer.WriteMember(name, value),
        JsonMapReader reader => reader.ReadMember<T>(name),
        _ => ((JsonMapSchema)this).DescribeMember<T>(name),
    };

    /// <summary>An array of objects.</summary>
    public IReadOnlyList<T>? Members<T>(string name, IReadOnlyList<T>? values) where T : class, IJsonMapped<T> => this switch
    {
        JsonMapWriter writer => writer.WriteMembers(name, values),
        JsonMapReader reader => reader.ReadMembers<T>(name),
        _ => ((JsonMapSchema)this).DescribeMembers<T>(name),
    };

    /// <summary>An array of texts.</summary>
    public abstract IReadOnlyList<string>? Texts(string name, IReadOnlyList<string>? values);

    /// <summary>An object whose members are texts, under names that are data.</summary>
    public abstract IReadOnlyDictionary<string, string>? Pairs(string name, IReadOnlyDictionary<string, string>? values);

    /// <summary>A text without which nothing makes sense.</summary>
    public string RequiredText(string name, string? value)
    {
        Require(name);
        return Text(name, value) ?? Absent(name, "");
    }

    /// <summary>Like <see cref="Number"/>, within the range of an int.</summary>
    public int? Integer(string name, int? value)
    {
        long? number = Number(name, value);
        return number is < int.MinValue or > int.MaxValue ? throw new JsonException($"{name}: {number} is out of range") : (int?)number;
    }

    /// <summary>An int without which nothing makes sense.</summary>
    public int RequiredInteger(string name, int? value)
    {
        Require(name);
        return Integer(name, value) ?? Absent(name, 0);
    }

    /// <summary>A time as a number of ticks of 100 ns: exact, so that what is read equals what was written.</summary>
    public TimeSpan? Ticks(string name, TimeSpan? value) => Number(name, value?.Ticks) is { } ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Bytes, as base64 (RFC 4648).</summary>
    public byte[]? Bytes(string name, byte[]? value)
    {
        if (Text(name, value is null ? null : Convert.ToBase64String(value)) is not { } text) return null;
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw new JsonException($"{name}: base64 is expected");
        }
    }

    private protected virtual void Require(string name)
    {
    }

    /// <summary>Only a description goes on without a value.</summary>
    private T Absent<T>(string name, T nothing) => this is JsonMapSchema ? nothing : throw new JsonException($"{name}: missing");
}
