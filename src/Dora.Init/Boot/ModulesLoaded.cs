using Dora.Core.Linux;
using Dora.Init.Modules;

namespace Dora.Init.Boot;

/// <summary>The devices that are there have their drivers; those that come later are heard.</summary>
internal static class ModulesLoaded
{
    public static string Run(BootState state)
    {
        var errno = UeventSocket.Open(out var socket);
        if (errno != Errno.None) Log.Warn($"boot: listen for devices: {errno.Describe()}: those that come late are not seen");
        state.Uevents = socket;

        var directory = ModuleDirectory.OfThisKernel();
        state.Modules = new ModuleLoader(directory, state.CommandLine);
        if (!directory.Exists)
            Log.Warn($"boot: there is no {directory.Path} in the initramfs: only what is built into the kernel can be used");
        int devices = ColdPlug.Run(state.Modules);
        return $"{state.Modules.Loaded} modules for {devices} devices";
    }
}
