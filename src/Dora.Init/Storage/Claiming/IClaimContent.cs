namespace Dora.Init.Storage.Claiming;

/// <summary>What a claim puts into the partition: a sparse image of a file system.</summary>
internal interface IClaimContent
{
    /// <summary>The next part that was written, from an offset on; false behind the last.</summary>
    bool Next(long from, out long start, out long end);

    /// <summary>Fills the buffer; behind the end there are zeros.</summary>
    void Read(long offset, Span<byte> buffer);
}
