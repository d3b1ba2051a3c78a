using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// Layers: images beside the root image, /pandora/layers/NAME.squashfs, that add to it what not every machine needs (chroots, virtual
/// machines). They are mounted read-only and stacked by overlayfs, which has no upper layer here: the root stays read-only. In the order
/// of their names, the last on top; so a later one can replace a file of an earlier one.
///
/// The root image alone makes a whole system. So what is wrong with a layer costs that layer, and is said.
/// </summary>
internal static class RootLayers
{
    public const string Folder = "/pandora/layers";

    /// <param name="medium">Where the boot medium is mounted; nothing for the initramfs.</param>
    /// <param name="wanted">Their names, in any order; null: all.</param>
    public static List<RootImage> Find(string medium, IReadOnlyList<string>? wanted)
    {
        var layers = new List<RootImage>();
        var missing = new List<string>(wanted ?? []);
        if (Sys.ListDirectory(medium + Folder, out var files) == Errno.None) files.Sort(StringComparer.Ordinal);
        foreach (string file in files)
        {
            string path = $"{medium}{Folder}/{file}", name = NameOf(file);
            if (wanted is not null && !missing.Remove(name)) continue;
            string reason;
            if (!IsName(name)) reason = "a layer's name is letters, digits, '.', '-' and '_'"; // overlayfs and pandora.layers give meanings to others
            else if (layers.Exists(layer => NameOf(layer.Path) == name)) reason = "there is another one of this name";
            else if (RootImage.Check(path, out reason) is { } layer)
            {
                layers.Add(layer);
                continue;
            }
            Log.Warn($"boot: layer {Printable.Text(path)}: {reason}; going on without it");
        }
        foreach (string name in missing)
            Log.Warn($"boot: layer {Printable.Text(name)}: there is no {Folder}/{Printable.Text(name)}.squashfs on the boot medium (pandora.layers); going on without it");
        return layers;
    }

    /// <summary>What pandora.layers calls it: its file's name without the ending.</summary>
    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path);

    internal static bool IsName(string name)
    {
        foreach (char c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not '.' and not '-' and not '_') return false;
        return name.Length is > 0 and <= 128 && name is not "." and not "..";
    }

    /// <summary>
    /// Mounts root image and layers one by one and <see cref="BootPaths.NewRoot"/> as what they show together. Gives their names for
    /// people; nothing if there was none to stack, and then NewRoot is not mounted.
    /// </summary>
    public static string Stack(BootState state)
    {
        if (state.Layers.Count == 0) return "";
        if (!state.Modules.Load("overlay", "the layers of the root"))
        {
            Log.Warn("boot: layers: the module overlay is not in the initramfs; going on without them");
            return "";
        }
        string lower = "", names = "";
        foreach (var layer in state.Layers)
        {
            string at = $"{BootPaths.Layers}/{NameOf(layer.Path)}";
            var errno = Sys.MakeDirectories(at, 0x1ED);
            if (errno == Errno.None) errno = Mount(state, layer, at);
            if (errno != Errno.None)
            {
                Log.Warn($"boot: layer {layer.Path}: it cannot be mounted: {errno.Describe()}; going on without it");
                continue;
            }
            lower = $"{at}:{lower}";
            names += $" + {NameOf(layer.Path)}, {layer.SizeBytes >> 10} KiB";
        }
        if (names.Length == 0) return "";

        var failed = Sys.MakeDirectories(BootPaths.LowestLayer, 0x1ED);
        if (failed == Errno.None) failed = Mount(state, state.Image, BootPaths.LowestLayer);
        if (failed == Errno.None)
            failed = Sys.Mount("overlay", BootPaths.NewRoot, "overlay", Libc.MS_RDONLY | Libc.MS_NODEV, $"lowerdir={lower}{BootPaths.LowestLayer}");
        if (failed == Errno.None) return names;
        Log.Warn($"boot: layers: the root image and its layers cannot be stacked: {failed.Describe()}; going on without them");
        return "";
    }

    private static Errno Mount(BootState state, RootImage image, string target)
    {
        state.Modules.Load(image.Type, image.Path);
        try
        {
            return RootMounted.Mount(image, target);
        }
        catch (LinuxException exception)
        {
            return exception.Errno; // no loop device, or the file is gone
        }
    }
}
