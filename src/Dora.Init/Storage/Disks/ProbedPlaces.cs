namespace Dora.Init.Storage.Disks;

/// <summary>
/// Where a disk is looked at before anything is said about it: 4 MiB at both ends, 64 KiB around the places where file
/// systems and volume managers keep copies of their marks, and 64 KiB in each of 64 equal parts of the disk.
/// </summary>
internal static class ProbedPlaces
{
    public const int EndBytes = 4 << 20;
    public const int SpotBytes = 64 << 10;
    public const int Spots = 64;

    internal readonly record struct Place(long Offset, int Length)
    {
        public long End => Offset + Length;
    }

    // btrfs has its copies at 64 MiB, 256 GiB and 1 PiB; ext4 at group 1, 3, 5, 7 (128 MiB each, or 8 MiB with blocks of 1 KiB).
    private static readonly long[] s_wellKnown =
        [8L << 20, 64L << 20, 128L << 20, 256L << 20, 384L << 20, 640L << 20, 1L << 30, 256L << 30, 1L << 40, 1L << 50];

    /// <summary>By rising offsets, without overlap; all of a disk that is small.</summary>
    public static IReadOnlyList<Place> Of(long sizeBytes)
    {
        if (sizeBytes <= 2 * EndBytes) return sizeBytes > 0 ? [new(0, (int)sizeBytes)] : [];
        var offsets = new SortedSet<long>();
        long first = EndBytes, last = sizeBytes - EndBytes - SpotBytes;
        for (int i = 1; i <= Spots; i++) offsets.Add((long)((Int128)sizeBytes * i / (Spots + 1)) & ~(SpotBytes - 1L));
        foreach (long offset in s_wellKnown) offsets.Add(offset);
        var places = new List<Place> { new(0, EndBytes) };
        long end = first;
        foreach (long offset in offsets)
        {
            if (offset < end || offset > last) continue;
            places.Add(new Place(offset, SpotBytes));
            end = offset + SpotBytes;
        }
        places.Add(new Place(sizeBytes - EndBytes, EndBytes));
        return places;
    }
}
