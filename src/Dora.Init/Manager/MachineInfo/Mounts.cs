using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Which devices are mounted where: /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
internal sealed class Mounts
{
    private readonly List<string> _devices = []; // of each of _mounts
    private Collected<MountInfo> _mounts;

    /// <summary>Where a device (<c>8:1</c>) or what is called so (<c>/dev/sda1</c>, for file systems with device numbers of their own) is mounted.</summary>
    public IReadOnlyList<MountInfo> Of(string number, string path, bool askForSizes)
    {
        var found = new Collected<MountInfo>();
        for (int i = 0; i < _mounts.Count; i++)
            if (_devices[i] == number || _devices[i] == path) found.Add(askForSizes ? WithSize(_mounts[i]) : _mounts[i]);
        return found.ToArray();
    }

    internal static Mounts Parse(string mountinfo)
    {
        var mounts = new Mounts();
        foreach (var line in MountLines.Parse(mountinfo).All)
        {
            // Anonymous devices (btrfs) have major number 0: they are found by their source alone.
            mounts._devices.Add(line.Device.StartsWith("0:", StringComparison.Ordinal) ? line.Source : line.Device);
            mounts._mounts.Add(new MountInfo { Path = line.Target, FileSystem = line.Type, Options = line.Options });
        }
        return mounts;
    }

    private static MountInfo WithSize(MountInfo mount)
    {
        // A file system in user space may never answer, and its process may be anybody's.
        if (mount.FileSystem.StartsWith("fuse", StringComparison.Ordinal) || Sys.FileSystemSize(mount.Path, out var bytes) != Errno.None) return mount;
        return new MountInfo
        {
            Path = mount.Path,
            FileSystem = mount.FileSystem,
            Options = mount.Options,
            SizeBytes = bytes.Size,
            FreeBytes = bytes.Free,
            AvailableBytes = bytes.Available,
        };
    }

    /// <summary>Blanks, line ends and backslashes come as three octal digits.</summary>
    internal static string Unescape(ReadOnlySpan<char> text)
    {
        if (text.IndexOf('\\') < 0) return text.ToString();
        var plain = new System.Text.StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text[i + 1] is >= '0' and <= '3' && text[i + 2] is >= '0' and <= '7' && text[i + 3] is >= '0' and <= '7')
            {
                int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
                if (value < 128)
                {
                    plain.Append((char)value);
                    i += 3;
                    continue;
                }
            }
            plain.Append(text[i]);
        }
        return plain.ToString();
    }
}
