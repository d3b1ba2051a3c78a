using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;
using Dora.Init.Storage.Encryption;

namespace Dora.Init.Storage.Mounting;

/// <summary>
/// What a machine without storage has kept in RAM, on the disk that will be its storage. The upper folders of the overlays
/// are copied as they are, with the marks of what was deleted.
/// </summary>
internal static class MemoryCopy
{
    private const string At = "/run/dora/storage/new";
    private static readonly string[] s_folders = ["etc", "var", "root", "home"];
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    /// <summary>Null when all is there; else what is not.</summary>
    public static string? Run(LookedAt disk, KernelCommandLine commandLine, StorageKey key)
    {
        if (StorageMount.MountAt(At, [disk], commandLine, key) is { IsMounted: false } failed) return failed.Words;
        try
        {
            foreach (string folder in s_folders)
            {
                if (!Sys.Exists($"{StorageMount.Target}/{folder}")) continue;
                var outcome = ChildProgram.Run(["cp", "-a", $"{StorageMount.Target}/{folder}", At + "/"], s_limit);
                if (!outcome.Succeeded) return $"/{folder}: {outcome.Describe("cp")}";
            }
            return null;
        }
        finally
        {
            StorageMount.UnmountFrom(At, [disk]);
        }
    }
}
