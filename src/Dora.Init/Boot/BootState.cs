using Dora.Core.Configuration;
using Dora.Init.Modules;

namespace Dora.Init.Boot;

/// <summary>What the stages hand on to those after them.</summary>
internal sealed class BootState
{
    public KernelCommandLine CommandLine { get; set; } = KernelCommandLine.Parse("");

    /// <summary>From <see cref="ModulesLoaded"/> on.</summary>
    public ModuleLoader Modules { get; set; } = null!;

    /// <summary>Open before the first module is loaded, so that no device comes unheard; null where the kernel has none.</summary>
    public UeventSocket? Uevents { get; set; }

    /// <summary>The root image, checked; from <see cref="BootMediumFound"/> on.</summary>
    public RootImage Image { get; set; } = null!;

    /// <summary>What is stacked upon it, the lowest first, checked too.</summary>
    public List<RootImage> Layers { get; set; } = [];
}
