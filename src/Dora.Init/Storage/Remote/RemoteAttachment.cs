using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Remote;

/// <summary>What has become of a remote place: a device, a mounted file system, or a problem in words.</summary>
internal readonly struct RemoteResult
{
    public string? Problem { get; init; }

    /// <summary>Path of a block device (nbd, iscsi).</summary>
    public string? Device { get; init; }

    /// <summary>Type of the file system that is mounted at the target (nfs, virtiofs, 9p).</summary>
    public string? MountedType { get; init; }

    /// <summary>What <see cref="LinkKeeper"/> needs to know to look after the device; null where the kernel does it alone.</summary>
    public string[]? Link { get; init; }

    /// <summary>What does not work although it is mounted.</summary>
    public string? Warning { get; init; }

    public bool Succeeded => Problem is null;

    public static RemoteResult Failed(string problem) => new() { Problem = problem };
}

/// <summary>
/// Attaches storage that is not in this machine, in a process that may block and be killed at any point: what has been
/// done by then is there (a lease, a device, a mount) and harms nobody.
///
/// The server is tried again until the limit: after a power failure it may still be starting. Nothing of the attachment
/// lives in this process afterwards; what has to be looked after (a link that dies) is the service storage-link's,
/// which <see cref="LinkKeeper"/> leaves a note for.
/// </summary>
internal static class RemoteAttachment
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    /// <summary>The machine's storage, before there are services: brings the network up first where that is needed.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="target">Where a file system is to be mounted.</param>
    /// <param name="commandLine">For the parameters of modules.</param>
    /// <param name="limit">How long all of it may take; the network has at most <see cref="RemoteLimits.Network"/> of it.</param>
    public static RemoteResult Attach(in RemoteStorageName place, string target, KernelCommandLine commandLine, TimeSpan limit)
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        if (place.NeedsNetwork && EarlyNetwork.BringUp(commandLine, Shorter(RemoteLimits.Network, limit)) is { } problem)
            return RemoteResult.Failed($"{place}: no network: {problem}");
        LoadModules(place, commandLine);
        while (true)
        {
            var result = Try(place, target, "", 0, Shorter(RemoteLimits.Attempt, deadline - Sys.TimeSinceBoot()));
            var left = deadline - Sys.TimeSinceBoot() - s_pause;
            if (result.Succeeded || left <= TimeSpan.Zero) return Finish(target, result);
            Log.Debug($"storage: {result.Problem}: trying again");
            _ = Sys.Poll([], Sys.TimeSinceBoot() + s_pause);
        }
    }

    /// <summary>One attempt, with the network as it is.</summary>
    public static RemoteResult Try(in RemoteStorageName place, string target, string options, ulong flags, TimeSpan limit)
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        byte[] address = [];
        if (place.NeedsNetwork && ServerAddress.Find(place.Server, limit, out address) is { } problem) return RemoteResult.Failed($"{place}: {problem}");
        var left = deadline - Sys.TimeSinceBoot();
        var result = place.Kind switch
        {
            RemoteStorageKind.Nbd => NbdLink.Attach(place, address, deadline),
            RemoteStorageKind.Iscsi => IscsiLink.Attach(place, address, deadline),
            _ => RemoteFileSystem.Mount(place, address, target, options, flags, left),
        };
        return result.Problem is { } why ? RemoteResult.Failed($"{place}: {why}") : result;
    }

    public static void LoadModules(in RemoteStorageName place, KernelCommandLine commandLine)
    {
        var loader = new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine);
        string wantedBy = place.ToString();
        switch (place.Kind)
        {
            case RemoteStorageKind.Nfs:
                _ = loader.Load("nfsv4", wantedBy);
                break;
            case RemoteStorageKind.Nbd:
                // nbd=N at insertion makes N devices; netlink makes them as they are asked for.
                _ = loader.Load("nbd", wantedBy);
                break;
            case RemoteStorageKind.Iscsi:
                _ = loader.Load("iscsi_tcp", wantedBy) && loader.Load("sd_mod", wantedBy);
                break;
            case RemoteStorageKind.VirtioFs:
                _ = loader.Load("virtiofs", wantedBy);
                break;
            case RemoteStorageKind.NineP:
                _ = loader.Load("9pnet_virtio", wantedBy) && loader.Load("9p", wantedBy);
                break;
        }
    }

    // The paths that the root needs on top of it: overlays, or a file system that can carry them.
    private static RemoteResult Finish(string target, RemoteResult result)
    {
        if (result.Link is not null) LinkKeeper.LeaveNote(result.Link);
        if (result.MountedType is null || SystemImage.Prepare(target) is not { } problem) return result;
        return new RemoteResult { MountedType = result.MountedType, Warning = $"/etc, /var, /root and /home are not kept: {problem}" };
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other > TimeSpan.Zero ? other : TimeSpan.Zero;
}
