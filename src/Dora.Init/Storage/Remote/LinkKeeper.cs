using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The process that connects a disk of a server anew when its link dies (`init storage remote link`, the service
/// storage-link; for mounts of storage.yaml it is the mount's own).
///
/// The connection is the kernel's. So this process may be killed and started at any time, also before the last file
/// system is unmounted at the end of the machine: only a link that dies in between stays dead, and then
/// <see cref="RemoteLimits.DeadLink"/> ends the wait. It knows of the machine's storage by a note, and asks for a new
/// connection once when it begins, since a link may have died before; the kernel takes none if the old one lives.
/// </summary>
internal static class LinkKeeper
{
    /// <summary>What <see cref="RemoteLink.Of"/> takes.</summary>
    public const string NotePath = "/run/dora/storage-link";

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500), s_longestPause = TimeSpan.FromSeconds(5);

    /// <summary>Leaves the note that starts the service storage-link.</summary>
    public static void LeaveNote(string[] link)
    {
        _ = Sys.MakeDirectories("/run/dora", 0x1ED);
        // Under another name until it is whole: the path is what starts the service.
        var errno = Sys.ReplaceFile(NotePath, string.Join(' ', link));
        if (errno != Errno.None) Log.Error($"storage: write {NotePath}: {errno.Describe()}: a link that dies will not be connected anew");
    }

    /// <summary>Looks after a device until it is lost: that of the note, or the one that is given.</summary>
    public static int Run(ReadOnlySpan<string> words)
    {
        const int NotAgain = 125;
        if (words.IsEmpty) words = (Sys.ReadText(NotePath) ?? "").Split(' ', 3);
        if (RemoteLink.Of(words) is not { } link) return NotAgain;
        if (link.Open() is { } problem)
        {
            Log.Error("storage: " + link.Place + ": " + problem);
            return 1;
        }
        Keep(link);
        return NotAgain;
    }

    private static void Keep(RemoteLink link)
    {
        string name = "storage: " + link.Place;
        var pause = s_firstPause;
        bool isLost = false, isFirst = true;
        while (true)
        {
            switch (link.Reconnect(out string? problem))
            {
                case Errno.None:
                    if (isLost) Log.Announce(name + ": connected again");
                    isLost = false;
                    pause = s_firstPause;
                    link.WaitForDeath();
                    isFirst = false;
                    isLost = true;
                    Log.Error(name + ": the link to the server is dead: connecting anew" + link.Patience);
                    break;
                case Errno.ENODEV:
                    Log.Error(name + ": " + link.Loss + ", and what is mounted from it gives errors until the machine is restarted");
                    return;
                default:
                    if (isFirst) Log.Warn(name + ": " + problem);
                    isFirst = false;
                    _ = Sys.Poll([], Sys.TimeSinceBoot() + pause);
                    pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                    break;
            }
        }
    }
}
