using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>A disk of any size in memory: one byte everywhere, but for the pieces of 4 KiB that were written to.</summary>
internal sealed class MemoryDisk(long sizeBytes, byte fill = 0) : IDiskContent
{
    const int PieceBytes = 4096;
    readonly Dictionary<long, byte[]> _pieces = [];

    public long SizeBytes { get; set; } = sizeBytes;

    /// <summary>Reads that touch this byte fail.</summary>
    public long BadAt { get; init; } = -1;

    public Errno BadReason { get; init; } = Errno.EIO;

    public long LongestRead { get; private set; }

    public int Reads { get; private set; }

    public Errno Read(long offset, Span<byte> buffer)
    {
        LongestRead = Math.Max(LongestRead, buffer.Length);
        Reads++;
        if (offset < 0 || offset > SizeBytes - buffer.Length) return Errno.EINVAL;
        if (BadAt >= offset && BadAt < offset + buffer.Length) return BadReason;
        buffer.Fill(fill);
        if (_pieces.Count == 0) return Errno.None;
        for (long piece = offset / PieceBytes; piece * PieceBytes < offset + buffer.Length; piece++)
        {
            if (!_pieces.TryGetValue(piece, out var bytes)) continue;
            long from = Math.Max(offset, piece * PieceBytes), to = Math.Min(offset + buffer.Length, (piece + 1) * PieceBytes);
            bytes.AsSpan((int)(from - piece * PieceBytes), (int)(to - from)).CopyTo(buffer[(int)(from - offset)..]);
        }
        return Errno.None;
    }

    /// <summary>What lies outside of the disk is dropped.</summary>
    public MemoryDisk Write(long offset, ReadOnlySpan<byte> content)
    {
        for (int i = 0; i < content.Length; i++)
        {
            long at = offset + i;
            if (at < 0 || at >= SizeBytes) continue;
            if (!_pieces.TryGetValue(at / PieceBytes, out var piece))
            {
                _pieces[at / PieceBytes] = piece = new byte[PieceBytes];
                piece.AsSpan().Fill(fill);
            }
            piece[at % PieceBytes] = content[i];
        }
        return this;
    }

    public byte[] Bytes(long offset, int length)
    {
        var bytes = new byte[length];
        Assert.Equal(Errno.None, Read(offset, bytes));
        return bytes;
    }
}
