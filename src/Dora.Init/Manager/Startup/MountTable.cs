using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Manager.Startup;

/// <summary>What is mounted, by /proc/self/mountinfo (<see cref="MountLines"/>).</summary>
internal static class MountTable
{
    /// <summary>Type of the file system that is on top at <paramref name="target"/>, or null where nothing is mounted.</summary>
    public static string? TypeAt(string target) => TypeAt(SystemText.Table("/proc/self/mountinfo"), target);

    internal static string? TypeAt(string mountinfo, string target)
    {
        string? type = null;
        foreach (var line in MountLines.Parse(mountinfo).All)
            if (line.Target == target) type = line.Type;
        return type;
    }
}
