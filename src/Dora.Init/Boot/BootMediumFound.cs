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
            if (RootImage.Check(path, out string reason) is { } image) return image;
            Log.Warn($"boot: {path} in the initramfs: {reason}; looking for a boot medium");
        }
        return null;
    }
}
