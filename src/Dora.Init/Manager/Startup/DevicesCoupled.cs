using Dora.Core.Configuration;
using Dora.Init.Modules;

namespace Dora.Init.Manager.Startup;

/// <summary>Devices whose driver is in the root image and was not in the initramfs (network cards, buttons) have it.</summary>
internal static class DevicesCoupled
{
    public static string Run(KernelCommandLine commandLine)
    {
        var directory = ModuleDirectory.OfThisKernel();
        if (!directory.Exists) return $"there is no {directory.Path} in the root image";
        var loader = new ModuleLoader(directory, commandLine);
        int devices = ColdPlug.Run(loader);
        return $"{loader.Loaded} modules for {devices} devices";
    }
}
