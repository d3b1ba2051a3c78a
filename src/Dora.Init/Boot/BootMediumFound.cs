using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>The boot medium is mounted and the root image on it looks like one.</summary>
internal static class BootMediumFound
{
    public static string Run(BootState state)
    {
        if (InInitramfs(state) is { } image)
        {
            state.Image = image;
            state.Layers = RootLayers.Find("", state.CommandLine.Layers);
            return $"{image.Path} in the initramfs";
        }
        return new MediumSearch(state).Run();
    }

    /// <summary>A root image that came along in the initramfs (PXE) needs no medium.</summary>
    private static RootImage? InInitramfs(BootState state)
    {
        string[] paths = state.CommandLine.RootImage is { } asked ? [asked] : RootImage.UsualPaths;
        foreach (string path in paths)
        {
            if (!Sys.Exists(path)) continue;
            var image = RootImage.Check(path, out string reason);
            if (!IsWhole(path)) throw TooLittleRam(path);
            if (image is not null) return image;
            Log.Warn($"boot: {path} in the initramfs: {reason}; looking for a boot medium");
        }
        return null;
    }

    /// <summary>
    /// The kernel unpacks the initramfs as far as there is room (half of the RAM, where it is a tmpfs), and starts /init whatever came of
    /// it. A file whose bytes did not fit has its full length all the same, for that is set first: what tells is the room that it takes.
    /// </summary>
    private static bool IsWhole(string path) => Sys.Stat(path, out var status) != Errno.None || status.st_blocks * 512 >= status.st_size;

    private static BootFailure TooLittleRam(string path)
    {
        _ = Sys.Stat(path, out var status);
        long size = status.st_size;
        _ = Sys.ListDirectory(RootLayers.Folder, out var layers);
        foreach (string layer in layers)
            if (Sys.Stat($"{RootLayers.Folder}/{layer}", out status) == Errno.None) size += status.st_size;
        return new BootFailure($"boot: {path} in the initramfs is not whole: the machine has too little RAM to unpack it; it takes {NeededRam(size)} MiB",
            "boot: give it as much, or boot from a medium, which takes that much less");
    }

    /// <summary>
    /// MiB that a machine must have to boot with a root (and layers) of so many bytes in its initramfs, to the next 16: three times the root (as it came,
    /// and unpacked in a tmpfs, which the kernel gives half of the RAM that is left), and what the system needs besides (docs/image.md: measured).
    /// </summary>
    internal static long NeededRam(long rootBytes) => ((3 * rootBytes >> 20) + 68 + 15) / 16 * 16;
}
