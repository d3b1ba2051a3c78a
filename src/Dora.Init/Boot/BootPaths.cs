namespace Dora.Init.Boot;

/// <summary>Where boot puts things. All of it but the new root lies below /run, which moves along to the new root.</summary>
internal static class BootPaths
{
    public const string Run = "/run/dora";

    /// <summary>The boot medium's file system, mounted for as long as the root image on it is in use.</summary>
    public const string Medium = "/run/dora/medium";

    /// <summary>The tmpfs that holds the root image after pandora.copytoram.</summary>
    public const string Ram = "/run/dora/ram";

    /// <summary>Where layers are mounted one by one; <see cref="NewRoot"/> shows them together with the root image, which is at <see cref="LowestLayer"/> then.</summary>
    public const string Layers = "/run/dora/layers";
    public const string LowestLayer = "/run/dora/root";

    public const string NewRoot = "/newroot";
    public const string Init = "/sbin/init";

    /// <summary>A line for each stage: name, start, end (microseconds since boot), detail, with tabs between.</summary>
    public const string Stages = "/run/dora/boot-stages";
}
