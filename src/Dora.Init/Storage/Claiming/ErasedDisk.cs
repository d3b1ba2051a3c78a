using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Probing;

namespace Dora.Init.Storage.Claiming;

/// <summary>
/// A disk made empty in every place that is looked at, at the operator's word. What lies between is left: nobody finds it without
/// its marks, and a disk of terabytes would take hours. From the end to the beginning: what names the content goes last, so that
/// a disk whose erasing was cut short is still called what it was.
/// </summary>
internal static class ErasedDisk
{
    private const int ChunkBytes = 64 << 10;

    /// <summary>The disk as it is afterwards; or null, and why not (nothing, after a dry run).</summary>
    public static LookedAt? Erase(LookedAt chosen, Action<ClaimStep> step, out string failure, bool isDryRun = false)
    {
        var disk = chosen.Disk;
        failure = chosen.OpenAgain(out var device, out var now, isDryRun) ?? "";
        if (failure.Length > 0) return null;
        using (device)
        {
            if (!isDryRun) Log.Announce($"storage: erasing {disk.Describe()}: {now.Reason}");
            failure = Write(device, step, isDryRun) ?? "";
            if (isDryRun || failure.Length > 0) return null;
            var errno = device.ReadPartitions();
            if (errno != Errno.None) Log.Warn($"storage: {disk.Describe()}: read the partition table: {errno.Describe()}");
        }
        if (Disk.Find(disk.Info.Name) is { } again && LookedAt.At(again) is { Content.Kind: ContentKind.Empty } empty) return empty;
        failure = "it was erased, but does not read as empty";
        return null;
    }

    /// <summary>Null when all is zero.</summary>
    internal static string? Write(IDiskWriter device, Action<ClaimStep> step, bool isDryRun)
    {
        var zeros = new byte[ChunkBytes];
        var places = ProbedPlaces.Of(device.SizeBytes);
        for (int i = places.Count - 1; i >= 0; i--)
        {
            step(new ClaimStep("zeros", places[i].Offset, places[i].Length));
            if (isDryRun) continue;
            for (long at = places[i].End; at > places[i].Offset;)
            {
                int length = (int)Math.Min(ChunkBytes, at - places[i].Offset);
                at -= length;
                var errno = device.Write(at, zeros.AsSpan(0, length));
                if (errno != Errno.None) return $"write at {at}: {errno.Describe()}";
            }
            var flushed = device.Flush();
            if (flushed != Errno.None) return $"flush: {flushed.Describe()}";
        }
        return null;
    }
}
