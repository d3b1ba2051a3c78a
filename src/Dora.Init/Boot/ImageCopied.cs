using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>pandora.copytoram: the root image and its layers are in RAM and the boot medium can be taken out.</summary>
internal static class ImageCopied
{
    /// <summary>What has to be left beside the images for a system to run at all.</summary>
    private const long NeededBesideBytes = 48L << 20;

    public static string Run(BootState state)
    {
        if (!state.Image.Path.StartsWith(BootPaths.Medium, StringComparison.Ordinal)) return ", in RAM already";
        long available = Bytes(Sys.ReadText("/proc/meminfo") ?? "", "MemAvailable:"), size = state.Image.SizeBytes;
        foreach (var layer in state.Layers) size += layer.SizeBytes;
        if (available < size + NeededBesideBytes)
        {
            // Booting from the medium is better than not booting.
            Log.Error($"boot: too little RAM for pandora.copytoram: root image and layers have {size >> 20} MiB, "
                + $"{available >> 20} MiB are free and {NeededBesideBytes >> 20} have to stay so; running from the medium instead");
            return ", too little RAM for a copy";
        }

        Sys.MakeDirectories(BootPaths.Ram, 0x1C0).ThrowIfError("make folder", BootPaths.Ram);
        // The default limit of half the RAM is not ours, so the size is given; a megabyte more for the tmpfs itself.
        Sys.Mount("tmpfs", BootPaths.Ram, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, $"mode=0700,size={size + (1 << 20)}")
            .ThrowIfError("mount tmpfs on", BootPaths.Ram);
        CopyAll(state, BootPaths.Ram);
        _ = Sys.Mount("tmpfs", BootPaths.Ram, null, Libc.MS_REMOUNT | Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC);
        var errno = Sys.Unmount(BootPaths.Medium);
        if (errno != Errno.None) Log.Warn($"boot: unmount the medium: {errno.Describe()}: leave it plugged in");
        return ", copied to RAM";
    }

    /// <summary>Without the root image there is no system; what is wrong with a layer costs that layer, as in <see cref="RootLayers"/>.</summary>
    internal static void CopyAll(BootState state, string folder)
    {
        var errno = Copy(state.Image, folder, out var copy, out string what);
        if (errno != Errno.None)
        {
            throw new BootFailure($"boot: copy the root to RAM (pandora.copytoram): {what}: {errno.Describe()}",
                errno == Errno.EIO ? "boot: the medium cannot be read there: it is damaged" : "");
        }
        state.Image = copy;
        for (int i = 0; i < state.Layers.Count;)
        {
            // A layer may be called as the root image is; their folders differ.
            errno = Copy(state.Layers[i], $"{folder}/layers", out copy, out what);
            if (errno == Errno.None)
            {
                state.Layers[i++] = copy;
                continue;
            }
            Log.Warn($"boot: layer {state.Layers[i].Path}: {what}: {errno.Describe()}; going on without it");
            _ = Sys.Unlink(copy.Path); // RAM that nothing would use
            state.Layers.RemoveAt(i);
        }
    }

    private static Errno Copy(RootImage image, string folder, out RootImage copy, out string what)
    {
        copy = image with { Path = $"{folder}/{image.Path[(image.Path.LastIndexOf('/') + 1)..]}" };
        what = $"make folder {folder}";
        var errno = Sys.MakeDirectories(folder, 0x1C0);
        return errno == Errno.None ? Copy(image.Path, copy.Path, image.SizeBytes, out what) : errno;
    }

    /// <summary>Reads and writes 256 KiB at a time, never more than the size that was checked.</summary>
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

    /// <summary>A line of proc_meminfo(5), in bytes; 0 if it is not there.</summary>
    /// <param name="name">With its colon.</param>
    internal static long Bytes(string meminfo, string name)
    {
        foreach (string line in meminfo.Split('\n'))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal)) continue;
            var number = line.AsSpan(name.Length).Trim();
            if (number.EndsWith("kB")) number = number[..^2].TrimEnd();
            return long.TryParse(number, NumberStyles.None, null, out long kilobytes) && kilobytes < long.MaxValue >> 10 ? kilobytes << 10 : 0;
        }
        return 0;
    }
}
