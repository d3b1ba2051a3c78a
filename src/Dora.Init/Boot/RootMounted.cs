using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>The root image is mounted read-only at /newroot, from the medium or from RAM.</summary>
internal static class RootMounted
{
    /// <summary>
    /// KiB that are read ahead of what was asked for. A page that is missing brings its whole block with it, which has to be
    /// unpacked; the kernel's 128 would unpack the blocks beside it too, and programs that start jump about in their libraries.
    /// (The medium below reads ahead as before.)
    /// </summary>
    private const string ReadAhead = "16";

    public static string Run(BootState state)
    {
        string where = "";
        if (state.CommandLine.CopyToRam) where = ImageCopied.Run(state);
        var image = state.Image;
        state.Modules.Load(image.Type, $"the root image {image.Path}");
        state.Modules.Load("loop", $"the root image {image.Path}");

        Sys.MakeDirectory(BootPaths.NewRoot, 0x1ED).ThrowIfErrorBut(Errno.EEXIST, "make folder", BootPaths.NewRoot);
        string layers = RootLayers.Stack(state);
        var errno = layers.Length > 0 ? Errno.None : Mount(image, BootPaths.NewRoot);
        if (errno == Errno.None) return $"{image.Type}, {image.SizeBytes >> 10} KiB{layers}{where}";

        throw new BootFailure(
            $"boot: the root image {image.Path} cannot be mounted: {errno.Describe()}",
            errno == Errno.ENODEV ? $"boot: this kernel cannot read {image.Type}: the module {image.Type} is missing in the initramfs"
                : "boot: it is damaged, or packed in a way that this kernel does not know; the kernel's own messages above may say which. "
                + "Write the boot medium again");
    }

    public static Errno Mount(RootImage image, string target)
    {
        using var loop = LoopDevice.Attach(image.Path, out string device);
        _ = Sys.WriteFile($"/sys/block/{device["/dev/".Length..]}/queue/read_ahead_kb", ReadAhead);
        return Sys.Mount(device, target, image.Type, Libc.MS_RDONLY | Libc.MS_NODEV);
    }
}
