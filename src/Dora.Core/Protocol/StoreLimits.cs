using System.Buffers.Binary;

namespace Dora.Core.Protocol;

/// <summary>
/// How much the store may take; 0 is what is usual. A tenth of the file system, but no more than 256 MiB, which compressed is some
/// gigabytes of lines: more than anybody reads, and little enough that nobody misses it. The reserve is for everybody else on the file
/// system: whoever fills it, the oldest logs make room before a service fails.
/// </summary>
/// <param name="Total">Bytes of all files together.</param>
/// <param name="File">Bytes of a file before the next one begins.</param>
/// <param name="Free">Bytes of the file system that stay free.</param>
/// <param name="Age">Seconds after which the next file begins.</param>
internal readonly record struct StoreLimits(long Total, long File, long Free, long Age)
{
    public const int EncodedBytes = 32;
    private const long Mega = 1 << 20;

    /// <summary>All of them, for a file system of this size.</summary>
    public StoreLimits Of(long size)
    {
        long total = Total > 0 ? Total : Math.Min(size / 10, 256 * Mega);
        long file = Math.Min(File > 0 ? File : 8 * Mega, total / 4);
        return new(total, file, Free > 0 ? Free : Math.Clamp(size / 20, 4 * Mega, 1024 * Mega), Age > 0 ? Age : 86400);
    }

    public void Encode(Span<byte> target)
    {
        for (int i = 0; i < 4; i++) BinaryPrimitives.WriteInt64LittleEndian(target[(i * 8)..], i switch { 0 => Total, 1 => File, 2 => Free, _ => Age });
    }

    /// <summary>Of <see cref="EncodedBytes"/>; what a newer program may have added is behind them.</summary>
    public static StoreLimits Decode(ReadOnlySpan<byte> bytes)
    {
        long At(ReadOnlySpan<byte> from, int index) => Math.Max(BinaryPrimitives.ReadInt64LittleEndian(from[(index * 8)..]), 0);
        return new(At(bytes, 0), At(bytes, 1), At(bytes, 2), At(bytes, 3));
    }
}
