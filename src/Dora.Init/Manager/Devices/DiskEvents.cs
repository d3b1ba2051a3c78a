using Dora.Core.Protocol;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Modules;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;

namespace Dora.Init.Manager.Devices;

/// <summary>
/// Disks that come and go, for those who follow the events and for the log. Which of them are the storage's is known from what the boot
/// has written down; nothing here touches a disk, which may not answer: what has become of the storage, a helper finds out.
/// </summary>
/// <param name="tell">Gets the kind of event, the disk and the reason.</param>
/// <param name="look">Has the storage looked at, for what has happened to a disk.</param>
/// <param name="isWhole">Whether it was, when it was looked at last: then a disk that comes is nothing to it.</param>
/// <param name="root">Where /run and /sys are; tests have their own.</param>
internal sealed class DiskEvents(Action<string, string, string?> tell, Action<string> look, Func<bool> isWhole, string root = "")
{
    // Not disks that anybody plugs in: loop devices of images, RAM, what is put together of other disks, drives without a medium.
    private static readonly string[] s_madeUp = ["loop", "ram", "zram", "dm-", "md", "nbd", "sr", "fd"];

    public static bool IsDisk(Uevent happened)
    {
        if (happened.DeviceType != "disk") return false;
        foreach (string kind in s_madeUp)
            if (happened.Name.StartsWith(kind, StringComparison.Ordinal) && happened.Name.Length > kind.Length && char.IsAsciiDigit(happened.Name[kind.Length])) return false;
        return true;
    }

    public void Happened(Uevent happened)
    {
        bool isThere = happened.Action == "add";
        string name = happened.Name;
        var ours = isThere ? null : OfStorage(name);
        tell(isThere ? EventKinds.DiskAppeared : EventKinds.DiskDisappeared, name, isThere ? Describe(name) : ours is null ? null : StorageReport.Describe(ours));
        if (isThere ? !isWhole() : ours is not null) look(name);
    }

    /// <summary>The disk of the mounted storage that has this name.</summary>
    private StorageDisk? OfStorage(string name)
    {
        if (StorageReport.Saved(root) is { State: StorageStates.Ready or StorageStates.Degraded } status)
            foreach (var disk in status.Disks)
                if (disk.Name == name) return disk;
        return null;
    }

    // Not the serial number of a virtio disk: the kernel asks the device for it, and that may not answer.
    private string? Describe(string name)
    {
        string folder = $"{root}/sys/block/{name}/device";
        string what = SystemText.Line($"{folder}/model") ?? "";
        if (SystemText.Line($"{folder}/serial") is { } serial) what += (what.Length > 0 ? ", " : "") + "serial " + serial;
        return what.Length > 0 ? what : null;
    }
}
