using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.Shutdown;
using Dora.Init.Manager.Startup;

namespace Dora.Init.Manager.Logging;

/// <summary>
/// /data/log, which syslog may not open itself, is prepared and handed to it, whenever a syslog says Hello and there is a storage. A storage
/// may lie on a server that does not answer, so a helper does it and sends the folder on the channel in the manager's name; the manager
/// touches nothing below /data, and keeps no descriptor that would hold up unmounting.
///
/// The folder and its files belong to the user that syslog runs as; the group `dora`, which may read logs by the API too, may
/// read them (02750, 0640), and nobody else: services print what is not for all.
/// </summary>
internal static class LogFolder
{
    private const string Storage = "/data", Folder = "/data/log";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <summary>The storage outlives a boot: what is mounted there is not memory.</summary>
    private static bool IsThere => MountTable.TypeAt(Storage) is not (null or "tmpfs" or "ramfs");

    /// <param name="loop">The manager's.</param>
    /// <param name="channel">The manager's end of the channel; remains the caller's.</param>
    /// <param name="user">Whom syslog runs as.</param>
    public static void HandOver(EventLoop loop, FileDescriptor channel, string user)
    {
        if (!IsThere) return;
        try
        {
            _ = HelperProcess.Start(loop, "log folder", ["log-folder", user], channel, s_limit, said =>
            {
                if (said.StartsWith("error: ", StringComparison.Ordinal)) Log.Warn($"syslog: {said[7..].TrimEnd()}: lines are kept in RAM only");
            });
        }
        catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
        {
            Log.Error($"syslog: {exception.Message}: lines are kept in RAM only");
        }
    }

    /// <summary>The helper: descriptor 3 is the channel. Says what is wrong, or nothing.</summary>
    public static string Run(string user)
    {
        var users = UserDatabase.Load();
        if (users.FindUser(user) is not { } owner) return $"error: there is no user {user}";
        var errno = Sys.MakeDirectories(Folder, 0x1E8);
        if (errno != Errno.None) return $"error: make {Folder}: {errno.Describe()}";
        errno = Sys.Open(Folder, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW, 0, out var folder);
        if (errno == Errno.None) errno = Sys.ChangeOwner(folder, owner.Uid, users.FindGroup("dora")?.Gid ?? owner.Gid);
        if (errno == Errno.None) errno = Sys.ChangeMode(folder, 0x5E8);
        // A read-only storage is told by whoever writes; what is there can be read.
        if (errno is not (Errno.None or Errno.EROFS)) return $"error: {Folder}: {errno.Describe()}";
        var file = LogFile.Load();
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        var limits = new StoreLimits(file.Size, file.FileSize, file.KeepFree, (long)file.FileAge.TotalSeconds);
        errno = Sys.Send(new FileDescriptor(3), ChannelMessage.StoreFolder(limits).Encode(buffer), folder);
        // What is wrong with the file is told by syslog, which reads it, too.
        return errno == Errno.None ? "" : $"error: hand {Folder} to syslog: {errno.Describe()}";
    }
}
