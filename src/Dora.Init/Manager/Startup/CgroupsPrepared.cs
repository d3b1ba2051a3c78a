using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// The folders that what runs is put into, with the controllers that the kernel has switched on down to the level
/// where services lie. A kernel without some of them gets a word in the log and no more.
/// </summary>
internal static class CgroupsPrepared
{
    public const string Root = "/sys/fs/cgroup";

    private static readonly string[] s_folders = [$"{Root}/dora", $"{Root}/dora/manager", $"{Root}/dora/services", $"{Root}/dora/sessions", $"{Root}/dora/jobs", $"{Root}/dora/slices"];

    /// <summary>Whose children are to have the controllers. cgroups(7): none of these may hold a process itself.</summary>
    private static readonly string[] s_parents = [Root, $"{Root}/dora", $"{Root}/dora/services", $"{Root}/dora/sessions", $"{Root}/dora/jobs", $"{Root}/dora/slices"];

    private static readonly string[] s_controllers = ["cpu", "memory", "pids", "io"];

    public static string Run(KernelCommandLine commandLine)
    {
        foreach (string folder in s_folders) Sys.MakeDirectories(folder, 0x1ED).ThrowIfError("make cgroup", folder);
        string missing = "", enabled = "";
        string available = Sys.ReadText($"{Root}/cgroup.controllers") ?? "";
        foreach (string controller in s_controllers)
        {
            bool isThere = Array.IndexOf(available.Split([' ', '\n']), controller) >= 0 && Enable(controller);
            if (isThere) enabled += " " + controller;
            else missing += " " + controller;
        }
        if (missing.Length > 0) Log.Warn($"start-up: cgroup controllers that cannot be had:{missing}: limits of services that need them will not hold");
        return $"controllers:{(enabled.Length > 0 ? enabled : " none")}";
    }

    // One at a time: a list is taken as a whole or not at all.
    private static bool Enable(string controller)
    {
        foreach (string parent in s_parents)
        {
            var errno = Sys.WriteFile($"{parent}/cgroup.subtree_control", $"+{controller}");
            if (errno == Errno.None) continue;
            Log.Debug($"start-up: cgroup {parent}: +{controller}: {errno.Describe()}");
            return false;
        }
        return true;
    }
}
