namespace Dora.Init.Storage.Disks;

/// <summary>
/// Where a disk is looked at before anything is said about it: 4 MiB at both ends, 64 KiB at the places where file systems
/// and volume managers keep copies of their marks and where partitions usually begin, and 64 KiB in each of 64 equal parts
/// of the disk. All of it is aligned to 4 KiB but for the end of a disk that is not.
/// </summary>
internal static class ProbedPlaces
{
    public const int EndBytes = 4 << 20;
    public const int SpotBytes = 64 << 10;
    public const int Spots = 64;
    private const int Alignment = 4096;

    internal readonly record struct Place(long Offset, int Length)
    {
        public long End => Offset + Length;
    }

    // In MiB. LUKS2 keeps its second header at up to 4; a bootable partition behind 1 often has 16, 100, 260, 512 or 1024,
    // and then the next one begins; btrfs has copies at 64, 256 Gi and 1 Pi; ext4 at group 1, 3, 5, 7 (of 128 each, or of 8
    // with blocks of 1 KiB); ocfs2 at 1, 4, 16, 64, 256 and 1024 Gi; xfs begins a group at each Ti of a large disk.
    private static ReadOnlySpan<int> WellKnown =>
    [
        4, 8, 16, 17, 32, 64, 101, 128, 256, 261, 384, 512, 513, 640, 896, 1 << 10, 1025, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 2 << 20, 1 << 30,
    ];

    /// <summary>By rising offsets, without overlap; all of a disk that is small.</summary>
    public static IReadOnlyList<Place> Of(long sizeBytes)
    {
        if (sizeBytes <= 2 * EndBytes) return sizeBytes > 0 ? [new(0, (int)sizeBytes)] : [];
        // xfs divides a disk of less than 4 TiB into four.
        var offsets = new long[WellKnown.Length + Spots + 3];
        int count = 0;
        foreach (int place in WellKnown) Insert((long)place << 20);
        for (int i = 1; i <= Spots; i++) Insert(Part(i, Spots + 1));
        for (int i = 1; i < 4; i++) Insert(Part(i, 4));

        long last = (sizeBytes - EndBytes) & -Alignment;
        var places = new List<Place>(count + 2) { new(0, EndBytes) };
        foreach (long offset in offsets)
        {
            if (offset >= places[^1].End && offset < last) places.Add(new Place(offset, (int)Math.Min(SpotBytes, last - offset)));
        }
        places.Add(new Place(last, (int)(sizeBytes - last)));
        return places;

        long Part(int part, int of) => sizeBytes / of * part & -SpotBytes;

        void Insert(long offset)
        {
            int at = count++;
            for (; at > 0 && offsets[at - 1] > offset; at--) offsets[at] = offsets[at - 1];
            offsets[at] = offset;
        }
    }
}
