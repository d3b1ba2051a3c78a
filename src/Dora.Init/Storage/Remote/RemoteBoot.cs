using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol.Storage;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Mounting;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// pandora.storage names a server: what <see cref="StorageBoot"/> does instead of looking at the disks of this machine, of
/// which none is used, claimed or looked at then.
/// </summary>
internal static class RemoteBoot
{
    /// <summary>
    /// A device (nbd) that the place has become, as a disk that is known by its place: what is on it decides, by the
    /// rules for any disk that was named. Null: it is a file system and mounted, or it failed; the status says which.
    /// </summary>
    public static LookedAt? Attach(in RemoteStorageName place, KernelCommandLine commandLine, out StorageStatus status)
    {
        string kind = place.Kind.ToString().ToLowerInvariant();
        if (place.Kind is RemoteStorageKind.NineP) kind = "9p";
        status = new StorageStatus { State = StorageStates.Failed, Kind = kind };
        var start = Sys.TimeSinceBoot();
        var result = RemoteAttachment.Attach(place, StorageMount.Aside, commandLine, commandLine.StorageTimeout);
        if (result.Problem is { } problem)
        {
            status = status with { Reason = problem };
            return null;
        }
        if (result.Device is { } device)
        {
            foreach (var disk in Disk.All())
                if (disk.Info.Path == device) return LookedAt.At(new Disk { Info = disk.Info, Id = place.ToString(), Place = disk.Place, Swap = disk.Swap }, isQuick: true);
            status = status with { Reason = $"{place}: {device} is not there" };
            return null;
        }
        // In place as a whole, as a disk's: who is killed for taking too long cannot do it later.
        string? words = StorageFolders.Prepare(StorageMount.Aside, result.MountedType!);
        var errno = StorageMount.MoveIntoPlace();
        if (errno != Errno.None)
        {
            _ = Sys.Unmount(StorageMount.Aside, Libc.MNT_DETACH);
            status = status with { Reason = $"{place}: move it to {StorageMount.Target}: {errno.Describe()}" };
            return null;
        }
        status = status with
        {
            State = result.Warning is null ? StorageStates.Ready : StorageStates.Degraded,
            FileSystem = result.MountedType,
            Reason = $"{place}: mounted in {(Sys.TimeSinceBoot() - start).TotalMilliseconds:0} ms{(result.Warning is null ? "" : ": " + result.Warning)}{(words is null ? "" : ": " + words)}",
        };
        return null;
    }
}
