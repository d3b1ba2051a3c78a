namespace Dora.Core.Protocol.Json;

/// <summary>A value whose text is kept once it was written, because it is written again and again and seldom changes.</summary>
internal interface IJsonKept
{
    KeptJson Kept { get; }
}

/// <summary>
/// The text of a value. It follows from the value, so any two are equal: a record that has one is compared by its other
/// members alone.
/// </summary>
internal sealed class KeptJson
{
    public byte[]? Text { get; set; }

    public override bool Equals(object? obj) => obj is KeptJson;

    public override int GetHashCode() => 0;
}
