using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>The block devices that can hold a boot medium, in the order to try them.</summary>
internal static class BlockDevices
{
    // Made of something else, or asking them takes long (a floppy drive seeks for seconds).
    private static readonly string[] s_never = ["loop", "ram", "zram", "fd", "nbd", "mtdblock"];

    /// <summary>Whole disks before partitions: an ISO on a USB stick is seen as both, and the whole is the original.</summary>
    public static List<string> List(string sysfs = "/sys")
    {
        if (Sys.ListDirectory($"{sysfs}/class/block", out var names) != Errno.None) return [];
        names.RemoveAll(IsNever);
        var whole = new List<string>();
        var partitions = new List<string>();
        foreach (string name in names) (Sys.Exists($"{sysfs}/class/block/{name}/partition") ? partitions : whole).Add(name);
        return [.. whole, .. partitions];
    }

    private static bool IsNever(string name)
    {
        foreach (string prefix in s_never)
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length && char.IsAsciiDigit(name[prefix.Length])) return true;
        return false;
    }

    /// <summary>Reads what is on a device. Null and the reason where that cannot be done: an empty drive, a bad sector.</summary>
    public static FileSystemProbe? Probe(string name, byte[] buffer, out string reason)
    {
        reason = "";
        // Without O_NONBLOCK: that would open an empty CD drive, and the error would only come with the first read.
        var errno = Sys.Open($"/dev/{name}", Libc.O_RDONLY, 0, out var device);
        if (errno != Errno.None)
        {
            reason = errno == Errno.ENOMEDIUM ? "no medium in it" : $"open: {errno.Describe()}";
            return null;
        }
        using (device)
        {
            int length = 0;
            while (length < FileSystemProbe.BytesNeeded)
            {
                errno = Sys.ReadAt(device, buffer.AsSpan(length, FileSystemProbe.BytesNeeded - length), length, out int count);
                if (errno != Errno.None && length == 0)
                {
                    reason = $"read: {errno.Describe()}";
                    return null;
                }
                if (errno != Errno.None || count == 0) break;
                length += count;
            }
            if (length == 0)
            {
                reason = "empty (size 0)";
                return null;
            }
            return FileSystemProbe.Identify(buffer.AsSpan(0, length));
        }
    }
}
