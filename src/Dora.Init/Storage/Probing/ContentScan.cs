using System.Numerics;
using System.Runtime.InteropServices;
using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>
/// One walk over the probed places. Without a claim it looks for the first byte that is not as the first of the disk; with
/// the superblock of one for the first sector that is neither empty nor explained by its plan. It ends at a read error: a
/// disk that dies takes its time for each of them.
/// </summary>
/// <param name="disk">What to walk over.</param>
/// <param name="buffer">For its pieces.</param>
/// <param name="claim">The superblock of a claim that has begun, if there is one.</param>
/// <param name="plan">Of that claim.</param>
/// <param name="isQuick">Somebody's data end it: what has been found so far decides, and the fingerprint is none.</param>
internal sealed class ContentScan(IDiskContent disk, byte[] buffer, Superblock? claim, ClaimPlan plan, bool isQuick)
{
    private const int SectorBytes = DiskLayout.SectorBytes;
    private ulong _hash = 14695981039346656037;

    /// <summary>What an empty byte of this disk is: of the superblock, or the first byte of the disk.</summary>
    public byte Fill { get; private set; } = claim?.Fill ?? 0;

    /// <summary>The first byte (with a claim: sector) that is not as it would be if the disk were empty (with a claim: ours).</summary>
    public long? DeviationAt { get; private set; }

    /// <summary>There are bytes of 0x00 and of 0xFF, and none of another value.</summary>
    public bool IsMixed { get; private set; } = true;

    public Errno Error { get; private set; }
    public long? ErrorAt { get; private set; }
    public int Places { get; private set; }
    public long Bytes { get; private set; }

    /// <summary>Of what was read, where, and of the size of the disk.</summary>
    public ulong Fingerprint => (_hash ^ (_hash >> 32)) * 0x9E3779B97F4A7C15;

    public void Run()
    {
        Fold((ulong)disk.SizeBytes);
        foreach (var place in ProbedPlaces.Of(disk.SizeBytes))
        {
            Places++;
            for (long at = place.Offset; at < place.End; at += buffer.Length)
            {
                var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, place.End - at));
                Error = disk.Read(at, piece);
                if (Error != Errno.None)
                {
                    ErrorAt = at;
                    Fold((ulong)at);
                    return;
                }
                Bytes += piece.Length;
                Fold((ulong)at);
                // Most pieces have one byte all over: it stands for them, and words are for the others.
                byte first = piece[0];
                bool isUniform = piece.IndexOfAnyExcept(first) < 0;
                if (isUniform) Fold(first);
                else Fold(piece);
                if (at == 0 && claim is null) Begin(first);
                if (isUniform && first == Fill) continue;
                if (claim is null) Compare(at, piece);
                else if (DeviationAt is null) CompareSectors(at, piece);
                if (isQuick && claim is null && !IsMixed) return;
            }
        }
    }

    private void Begin(byte first)
    {
        Fill = first;
        if (Fill is 0 or 0xFF) return;
        DeviationAt = 0;
        IsMixed = false;
    }

    private void Compare(long at, ReadOnlySpan<byte> piece)
    {
        DeviationAt ??= at + piece.IndexOfAnyExcept(Fill); // there is one: it is not all Fill
        if (IsMixed) IsMixed = piece.IndexOfAnyExcept((byte)0, (byte)0xFF) < 0;
    }

    private void CompareSectors(long at, ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            int deviation = piece.IndexOfAnyExcept(Fill);
            if (deviation < 0) return;
            // The sector that it is in; a piece that does not begin or end with one has a part of it, which nothing explains.
            long start = (at + deviation) & -SectorBytes, end = start + SectorBytes;
            bool isWhole = start >= at && end <= at + piece.Length;
            bool isOwn = start >= DiskLayout.SuperblockOffset && end <= DiskLayout.PartitionOffset;
            if (!isOwn && !(isWhole && plan.Explains(start, piece.Slice((int)(start - at), SectorBytes))))
            {
                DeviationAt = start;
                return;
            }
            piece = piece[(int)Math.Min(end - at, piece.Length)..];
            at = end;
        }
    }

    private void Fold(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        ulong hash = _hash;
        foreach (ulong word in words) hash = Step(hash, word);
        foreach (byte b in bytes[(words.Length * sizeof(ulong))..]) hash = Step(hash, b);
        _hash = hash;
    }

    private void Fold(ulong word) => _hash = Step(_hash, word);

    // FNV-1a over words; turned, so that the upper bits of a word are not lost after a few steps.
    private static ulong Step(ulong hash, ulong word) => BitOperations.RotateLeft((hash ^ word) * 1099511628211, 29);
}
