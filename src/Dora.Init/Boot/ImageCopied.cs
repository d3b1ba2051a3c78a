using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>pandora.copytoram: the root image is in RAM and the boot medium can be taken out.</summary>
internal static class ImageCopied
{
    /// <summary>What has to be left beside the image for a system to run at all.</summary>
    private const long NeededBesideBytes = 48L << 20;

    public static string Run(BootState state)
    {
        var image = state.Image;
        if (!image.Path.StartsWith(BootPaths.Medium, StringComparison.Ordinal)) return ", in RAM already";
        long available = AvailableBytes(Sys.ReadText("/proc/meminfo") ?? "");
        if (available < image.SizeBytes + NeededBesideBytes)
        {
            // Booting from the medium is better than not booting.
            Log.Error($"boot: too little RAM for pandora.copytoram: the root image has {image.SizeBytes >> 20} MiB, "
                + $"{available >> 20} MiB are free and {NeededBesideBytes >> 20} have to stay so; running from the medium instead");
            return ", too little RAM for a copy";
        }

        string copy = $"{BootPaths.Ram}/{image.Path[(image.Path.LastIndexOf('/') + 1)..]}";
        Sys.MakeDirectories(BootPaths.Ram, 0x1C0).ThrowIfError("make folder", BootPaths.Ram);
        // The default limit of half the RAM is not ours, so the size is given; a page more for the tmpfs itself.
        Sys.Mount("tmpfs", BootPaths.Ram, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, $"mode=0700,size={image.SizeBytes + (1 << 20)}")
            .ThrowIfError("mount tmpfs on", BootPaths.Ram);
        var errno = Copy(image.Path, copy, image.SizeBytes, out string what);
        if (errno != Errno.None)
            throw new BootFailure($"boot: copy the root image to RAM (pandora.copytoram): {what}: {errno.Describe()}",
                errno == Errno.EIO ? "boot: the medium cannot be read there: it is damaged" : "");
        _ = Sys.Mount("tmpfs", BootPaths.Ram, null, Libc.MS_REMOUNT | Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC);
        state.Image = image with { Path = copy };
        errno = Sys.Unmount(BootPaths.Medium);
        if (errno != Errno.None) Log.Warn($"boot: unmount the medium: {errno.Describe()}: leave it plugged in");
        return ", copied to RAM";
    }

    /// <summary>Reads and writes by the megabyte, never more than the size that was checked.</summary>
    private static Errno Copy(string from, string to, long size, out string what)
    {
        what = $"open {from}";
        var errno = Sys.Open(from, Libc.O_RDONLY, 0, out var source);
        if (errno != Errno.None) return errno;
        using (source)
        {
            what = $"make {to}";
            errno = Sys.Open(to, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, 0x100, out var target);
            if (errno != Errno.None) return errno;
            using (target)
            {
                var buffer = new byte[256 << 10];
                for (long at = 0; at < size;)
                {
                    what = $"read {from} at byte {at}";
                    errno = Sys.ReadAt(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, size - at)), at, out int count);
                    if (errno == Errno.None && count == 0) errno = Errno.EIO;
                    if (errno != Errno.None) return errno;
                    what = $"write {to} at byte {at}";
                    errno = Sys.WriteAllAt(target, buffer.AsSpan(0, count), at);
                    if (errno != Errno.None) return errno;
                    at += count;
                }
                return Errno.None;
            }
        }
    }

    /// <summary>MemAvailable of proc_meminfo(5), in bytes; 0 if it is not there.</summary>
    internal static long AvailableBytes(string meminfo)
    {
        foreach (string line in meminfo.Split('\n'))
        {
            if (!line.StartsWith("MemAvailable:", StringComparison.Ordinal)) continue;
            var number = line.AsSpan("MemAvailable:".Length).Trim();
            if (number.EndsWith("kB")) number = number[..^2].TrimEnd();
            return long.TryParse(number, NumberStyles.None, null, out long kilobytes) && kilobytes < long.MaxValue >> 10 ? kilobytes << 10 : 0;
        }
        return 0;
    }
}
