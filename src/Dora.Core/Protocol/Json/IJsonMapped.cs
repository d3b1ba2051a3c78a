namespace Dora.Core.Protocol.Json;

/// <summary>A type with a place for each of its members in a JSON object.</summary>
public interface IJsonMapped<T> where T : class, IJsonMapped<T>
{
    /// <summary>
    /// One line for each member, for both directions: <c>Pid = json.Integer("pid", from?.Pid)</c>. Writing, it says what
    /// <paramref name="from"/> has, and what it returns is not used; reading, <paramref name="from"/> is null.
    /// </summary>
    static abstract T Map(JsonMap json, T? from);
}
