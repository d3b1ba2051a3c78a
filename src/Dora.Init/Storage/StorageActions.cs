using Dora.Core.Linux;
using Dora.Core.Protocol.Storage;

namespace Dora.Init.Storage;

/// <summary>
/// What can be asked and done about storage, for the helper process (<see cref="StorageHelper"/>): each looks at the disks
/// afresh and tells its steps before they are made. What is refused is thrown (<see cref="StorageRefusal"/>).
/// </summary>
internal static class StorageActions
{
    /// <summary>All disks that storage could lie on, by path, with what was found on them.</summary>
    public static DiskStatus[] List() => throw Unavailable();

    public static DiskStatus Show(string name) => throw Unavailable();

    public static DiskResult Claim(string name, ClaimOptions options, Action<DiskStep> step) => throw Unavailable();

    public static DiskResult Release(string name, string? token, Action<DiskStep> step) => throw Unavailable();

    public static DiskResult Add(string name, Action<DiskStep> step) => throw Unavailable();

    public static DiskResult Remove(string name, Action<DiskStep> step) => throw Unavailable();

    public static DiskResult Scrub(string? name, Action<DiskStep> step) => StorageScrub.Run(name, step);

    public static DiskHealth Health(string name)
    {
        if (!Sys.Exists($"/sys/block/{name}")) throw StorageRefusal.NoSuchDisk(name);
        return SmartHealth.Read(name, "/dev/" + name.Replace('!', '/'));
    }

    public static StorageStatus Status() => StorageReport.Read("");

    private static StorageRefusal Unavailable() => new(503, "storage.unavailable", "storage: this init cannot look at disks");
}
