using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>What `init storage remote ...` does: the parts that may block, each in a process of its own.</summary>
internal static class RemoteRole
{
    private static readonly TimeSpan s_order = TimeSpan.FromSeconds(20);

    public static int Run(ReadOnlySpan<string> arguments) => arguments switch
    {
        ["mount", var type, var source, var target, var flags, var options] =>
            (int)Sys.Mount(source, target, type, ulong.Parse(flags, NumberStyles.None, CultureInfo.InvariantCulture), options.Length == 0 ? null : options),
        ["unmount", var target] => (int)Sys.Unmount(target),
        ["check", var target] => (int)Sys.FileSystemSize(target, out _),
        ["link", .. var link] => LinkKeeper.Run(link),
        ["keep", var name] => MountKeeper.Run(name),
        ["mounts"] => StartMounts(),
        _ => 2,
    };

    /// <summary>The service mounts: has every mount of storage.yaml started, without waiting for any, and fails if the file has problems.</summary>
    private static int StartMounts()
    {
        var file = StorageFile.Load();
        int code = 0;
        foreach (var problem in file.Problems)
        {
            Log.Error(problem.ToString());
            code = 1;
        }
        foreach (var mount in file.Mounts)
        {
            var outcome = ChildProgram.Run(["dora", "api", "POST", $"/v1/services/mount@{mount.Name}/start"], s_order);
            if (outcome.Succeeded) continue;
            Log.Error($"mount@{mount.Name}: {outcome.Describe("dora")}");
            code = 1;
        }
        return code;
    }
}
