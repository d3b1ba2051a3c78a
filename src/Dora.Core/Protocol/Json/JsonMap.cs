using System.Text.Json;

namespace Dora.Core.Protocol.Json;

/// <summary>
/// Objects to JSON and back, member by member. A type says once which members it has (<see cref="IJsonMapped{T}"/>);
/// <see cref="JsonMapWriter"/> writes them, <see cref="JsonMapReader"/> looks them up: the two cannot drift apart.
/// System.Text.Json does the tokens (Utf8JsonReader, Utf8JsonWriter); its serializer is left out, because converters and
/// the type metadata that they need are 1.3 MB of the 5 that init may have.
///
/// Absent and null are the same; a member has a default for it, or is required because nothing makes sense without it.
/// Unknown members are ignored (an older client reads a newer server) unless the reader is strict (a request with a
/// member that we do not know would not do what its sender means). A value of the wrong kind is a
/// <see cref="JsonException"/>.
/// </summary>
internal abstract class JsonMap
{
    public abstract string? Text(string name, string? value);
    public abstract long? Number(string name, long? value);
    public abstract bool? Flag(string name, bool? value);

    /// <summary>A number with a fraction.</summary>
    public abstract double? Decimal(string name, double? value);

    // Not virtual: the code for a generic virtual method is looked for at run time, by the type loader, and in the manager's
    // first save that took longer than reading all service files.
    public T? Member<T>(string name, T? value) where T : class, IJsonMapped<T> =>
        this is JsonMapWriter writer ? writer.WriteMember(name, value) : ((JsonMapReader)this).ReadMember<T>(name);

    public IReadOnlyList<T>? Members<T>(string name, IReadOnlyList<T>? values) where T : class, IJsonMapped<T> =>
        this is JsonMapWriter writer ? writer.WriteMembers(name, values) : ((JsonMapReader)this).ReadMembers<T>(name);

    public abstract IReadOnlyList<string>? Texts(string name, IReadOnlyList<string>? values);
    public abstract IReadOnlyDictionary<string, string>? Pairs(string name, IReadOnlyDictionary<string, string>? values);

    public string RequiredText(string name, string? value) => Text(name, value) ?? throw Missing(name);

    /// <summary>Like <see cref="Number"/>, within the range of an int.</summary>
    public int? Integer(string name, int? value)
    {
        long? number = Number(name, value);
        return number is < int.MinValue or > int.MaxValue ? throw new JsonException($"{name}: {number} is out of range") : (int?)number;
    }

    public int RequiredInteger(string name, int? value) => Integer(name, value) ?? throw Missing(name);

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

    private static JsonException Missing(string name) => new($"{name}: missing");
}
