using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>Kernel settings that differ from the kernel's own defaults, each with its reason; few on purpose.</summary>
internal static class KernelTuned
{
    private static readonly (string Name, string Value)[] s_settings =
    [
        ("kernel/printk_devkmsg", "on"), // or our own messages are cut at ten in five seconds
        ("kernel/kptr_restrict", "1"), // kernel addresses are for root
        ("kernel/dmesg_restrict", "1"), // so is the log, which holds every service's words
        ("kernel/unprivileged_bpf_disabled", "1"),
        ("fs/protected_hardlinks", "1"), // links(7) in /tmp that lead elsewhere
        ("fs/protected_symlinks", "1"),
        // Of each zone 1/512, not what its watermarks say (some 1/100 of a small machine), may lie in lists of single CPUs: pages that are
        // free, but not for the other CPUs, nor in one piece, nor by anybody's count. Since Linux 5.14.
        ("vm/percpu_pagelist_high_fraction", "512"),
    ];

    public static string Run(KernelCommandLine commandLine)
    {
        string failed = "";
        foreach (var (name, value) in s_settings)
        {
            string path = $"/proc/sys/{name}";
            if (Sys.ReadText(path)?.Trim() == value) continue;
            var errno = Sys.WriteFile(path, value + "\n"); // printk_devkmsg refuses a value without the line end
            // A kernel may be built without one of them.
            if (errno is Errno.None or Errno.ENOENT) continue;
            Log.Warn($"start-up: set {name.Replace('/', '.')} to {value}: {errno.Describe()}");
            failed += $" {name.Replace('/', '.')}";
        }
        return failed.Length == 0 ? "" : $"not set:{failed}";
    }
}
