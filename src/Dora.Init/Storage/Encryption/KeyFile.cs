using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Encryption;

/// <summary>
/// A key on another device, a stick or a small disk, which is mounted for the moment of reading and never written to: read-only,
/// and without replaying a journal. All bytes of the file are the key.
/// </summary>
internal static class KeyFile
{
    /// <summary>A pipe takes as much at once.</summary>
    public const int Longest = 4096;

    private const string Folder = "/run/dora/storage/key";
    private static readonly (string Type, string? Options)[] s_types = [("vfat", null), ("ext4", "noload"), ("iso9660", null)];
    private static readonly TimeSpan s_findLimit = TimeSpan.FromSeconds(10);

    /// <summary>Null with the key; else why there is none.</summary>
    public static string? Read(StorageKeyName name, TimeSpan limit, out byte[] key)
    {
        key = [];
        var deadline = Sys.TimeSinceBoot() + limit;
        string? failure = Find(name.Device, deadline) is not { } device ? "there is no such device" : Mount(device);
        if (failure is null)
        {
            failure = ReadMounted(Folder + name.Path, out key);
            var errno = Sys.Unmount(Folder);
            if (errno != Errno.None) Log.Warn($"storage: unmount {Folder}: {errno.Describe()}");
        }
        return failure is null ? null : $"its key, {name}: {failure}";
    }

    private static string? ReadMounted(string path, out byte[] key)
    {
        key = [];
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK, 0, out var file);
        if (errno != Errno.None) return errno.Describe();
        using (file)
        {
            var bytes = new byte[Longest + 1];
            errno = Sys.ReadAt(file, bytes, 0, out int count);
            if (errno != Errno.None) return errno.Describe();
            if (count == 0) return "the file is empty";
            if (count > Longest) return $"the file is longer than {Longest} bytes";
            key = bytes[..count];
            Array.Clear(bytes);
            return null;
        }
    }

    // A stick takes its time: looked for anew whenever the kernel tells of a device.
    private static string? Find(string device, TimeSpan deadline)
    {
        if (UeventSocket.Open(out var events) != Errno.None) return FindNow(device);
        using (events)
        {
            var seen = new List<Uevent>();
            while (true)
            {
                if (FindNow(device) is { } path) return path;
                do
                {
                    seen.Clear();
                    if (Sys.WaitReadable(events!.Fd, deadline) != Errno.None) return null;
                    if (!events.Drain(seen)) break;
                }
                while (!seen.Exists(static happened => happened.DeviceType is "disk" or "partition"));
            }
        }
    }

    private static string? FindNow(string device)
    {
        var found = ChildProgram.Run(["findfs", device], s_findLimit);
        string path = found.Said.Trim();
        return found.Succeeded && path.StartsWith("/dev/", StringComparison.Ordinal) ? path : null;
    }

    private static string? Mount(string device)
    {
        var errno = Sys.MakeDirectories(Folder, 0x1C0);
        if (errno is not (Errno.None or Errno.EEXIST)) return $"make folder {Folder}: {errno.Describe()}";
        var modules = new ModuleLoader(ModuleDirectory.OfThisKernel(), KernelCommandLine.Read()) { Warn = Log.Debug };
        foreach (var (type, options) in s_types)
        {
            modules.Load(type, "storage");
            if (type == "vfat") foreach (string names in ModuleName.ForVfat) modules.Load(names, "storage");
            errno = Sys.Mount(device, Folder, type, Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, options);
            if (errno is not (Errno.EINVAL or Errno.ENODEV)) break;
        }
        return errno == Errno.None ? null : errno is Errno.EINVAL or Errno.ENODEV ? "it is neither vfat nor ext4 nor iso9660" : $"mount: {errno.Describe()}";
    }
}
