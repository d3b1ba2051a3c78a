using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// File systems of a server: nfs, virtiofs, 9p. mount(2) is called by a child that is killed at its deadline: with NFS it
/// waits for the server in the kernel.
///
/// NFS is mounted softerr, not hard: hard waits for ever for a server that is gone, and with it everybody who touches
/// the mount, the manager that reads service files and the shell of who logs in included. softerr fails with ETIMEDOUT
/// when three attempts of 10, 20 and 30 s had no answer; what was written by then and not yet sent is lost and the
/// writer's next fsync(2) or close(2) says so. Who wants it otherwise has `options: hard` for mounts of storage.yaml.
/// </summary>
internal static class RemoteFileSystem
{
    private const string NfsPatience = "softerr,timeo=100,retrans=2";
    private static readonly string[] s_nfsVersions = ["4.2", "4.1", "4.0"];

    public static RemoteResult Mount(in RemoteStorageName place, byte[] address, string target, string options, ulong flags, TimeSpan limit)
    {
        var errno = Sys.MakeDirectories(target, 0x1ED);
        if (errno is not (Errno.None or Errno.EEXIST)) return RemoteResult.Failed($"make folder {target}: {errno.Describe()}");
        switch (place.Kind)
        {
            case RemoteStorageKind.VirtioFs: return MountAs("virtiofs", place.Path, target, flags, options, limit);
            // cache=mmap: programs may map files for writing; nothing else is kept.
            case RemoteStorageKind.NineP: return MountAs("9p", place.Path, target, flags, Join("trans=virtio,version=9p2000.L,msize=262144,cache=mmap", options), limit);
        }
        IdentifyNfsClient();
        string ip = IpEndpoint.Format(address), source = $"{(place.Server.Contains(':') ? $"[{place.Server}]" : place.Server)}:{place.Path}";
        // clientaddr of zeros: no callbacks, which 4.0 would make on a port of their own.
        string fixedPart = $"addr={ip},clientaddr={(address.Length == 4 ? "0.0.0.0" : "::")},port={place.Port.ToString(CultureInfo.InvariantCulture)},proto=tcp{(address.Length == 4 ? "" : "6")},sec=sys,{NfsPatience}";
        RemoteResult result = default;
        var deadline = Sys.TimeSinceBoot() + limit;
        foreach (string version in s_nfsVersions)
        {
            result = MountAs("nfs4", source, target, flags, Join($"vers={version},{fixedPart}", options), deadline - Sys.TimeSinceBoot());
            if (result.Succeeded || !result.Problem!.Contains(nameof(Errno.EPROTONOSUPPORT), StringComparison.Ordinal)) break;
        }
        return result;
    }

    /// <summary>mount(2) in a child with a deadline.</summary>
    public static RemoteResult MountAs(string type, string source, string target, ulong flags, string options, TimeSpan limit)
    {
        var outcome = ChildProgram.Run([Program.OwnPath, "storage", "remote", "mount", type, source, target, flags.ToString(CultureInfo.InvariantCulture), options], limit);
        // Killed at its deadline it may have come to an end all the same.
        if (outcome.Succeeded) return new RemoteResult { MountedType = type };
        return RemoteResult.Failed(outcome.Code < 0 ? "the server does not answer" : Explain(type, (Errno)outcome.Code));
    }

    private static string Explain(string type, Errno errno) => $"mount {type}: {errno.Describe()}" + (type, errno) switch
    {
        ("virtiofs", Errno.EINVAL) => ": the hypervisor has no file system with this tag",
        ("9p", Errno.ENOENT) => ": the hypervisor has no file system with this tag",
        (_, Errno.ENODEV) => $": this kernel has no {type}",
        ("nfs4", Errno.ENOENT) => ": the server has no such export",
        ("nfs4", Errno.EACCES or Errno.EPERM) => ": the server does not export it to this machine",
        _ => "",
    };

    // All machines of one image have one host name, and by that a server would take them for one client that was
    // restarted: each would lose its locks to the next. The kernel asks for a name of the machine's own.
    private static void IdentifyNfsClient()
    {
        const string Parameter = "/sys/module/nfs/parameters/nfs4_unique_id";
        string? id = MachineName();
        if (id is not null && string.IsNullOrWhiteSpace(Sys.ReadText(Parameter)?.Trim('\0', '\n'))) _ = Sys.WriteFile(Parameter, id);
    }

    /// <summary>What the firmware calls this machine, or else the address of its first network card.</summary>
    public static string? MachineName()
    {
        if (Sys.ReadText("/sys/class/dmi/id/product_uuid")?.Trim() is { Length: > 0 } id) return id;
        foreach (string name in Manager.Devices.NetworkInterfaces.Wired())
            if (Sys.ReadText($"/sys/class/net/{name}/address")?.Trim() is { Length: > 0 } address) return address;
        return null;
    }

    private static string Join(string first, string second) => second.Length == 0 ? first : $"{first},{second}";
}
