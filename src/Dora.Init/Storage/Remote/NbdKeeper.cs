using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// Network block devices of this machine, and the process that connects them anew when their link dies (`init storage
/// remote link`, the service storage-link; for mounts of storage.yaml it is the mount's own).
///
/// The connection is the kernel's. So this process may be killed and started at any time, also before the last file
/// system is unmounted at the end of the machine: only a link that dies in between stays dead, and then
/// <see cref="RemoteLimits.DeadLink"/> ends the wait. It knows of the machine's storage by a note, and asks for a new
/// connection once when it begins, since a link may have died before; the kernel takes none if the old one lives.
///
/// A server that comes back with an export of another size is not given to the kernel: it is another disk.
/// </summary>
internal static class NbdKeeper
{
    /// <summary>Number of the device, its size, and the place: see <see cref="RemoteResult.Link"/>.</summary>
    public const string NotePath = "/run/dora/storage-link";

    private static readonly TimeSpan s_firstPause = TimeSpan.FromMilliseconds(500), s_longestPause = TimeSpan.FromSeconds(5);

    public static RemoteResult Attach(in RemoteStorageName place, byte[] address, TimeSpan deadline)
    {
        var errno = NbdKernel.Open(out var kernel);
        if (errno != Errno.None) return RemoteResult.Failed($"this kernel has no network block devices: {errno.Describe()}");
        using (kernel)
        {
            if (NbdServer.Open(place, address, deadline, out var socket, out var export) is { } problem) return RemoteResult.Failed(problem);
            using (socket)
            {
                if (export.BlockBytes > 4096) return RemoteResult.Failed($"the export's blocks are too large: {export.BlockBytes} bytes, at most 4096");
                errno = kernel!.Connect(socket!, export, out int number);
                if (errno != Errno.None) return RemoteResult.Failed($"make a network block device: {errno.Describe()}");
                return new RemoteResult
                {
                    Device = $"/dev/nbd{number}",
                    Link = [number.ToString(CultureInfo.InvariantCulture), export.Bytes.ToString(CultureInfo.InvariantCulture), place.ToString()],
                };
            }
        }
    }

    /// <summary>Leaves the note that starts the service storage-link.</summary>
    public static void LeaveNote(string[] link)
    {
        _ = Sys.MakeDirectories("/run/dora", 0x1ED);
        // Under another name until it is whole: the path is what starts the service.
        var errno = Sys.ReplaceFile(NotePath, string.Join(' ', link));
        if (errno != Errno.None) Log.Error($"storage: write {NotePath}: {errno.Describe()}: a link that dies will not be connected anew");
    }

    /// <summary>Looks after a device until it is lost: that of the note, or the one that is given.</summary>
    public static int Run(ReadOnlySpan<string> link)
    {
        const int NotAgain = 125;
        if (link.IsEmpty) link = (Sys.ReadText(NotePath) ?? "").Split(' ', 3);
        if (link.Length != 3 || !int.TryParse(link[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            || !ulong.TryParse(link[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes)
            || !RemoteStorageName.TryParse(link[2], out var place, out _)) return NotAgain;
        return Keep(number, bytes, place) ? NotAgain : 1;
    }

    private static bool Keep(int number, ulong bytes, in RemoteStorageName place)
    {
        if (NbdKernel.Open(out var listener) != Errno.None) return false;
        using (listener)
        {
            if (listener!.Listen() is var errno && errno != Errno.None) Log.Warn($"storage: /dev/nbd{number}: its link cannot be watched: {errno.Describe()}");
            var pause = s_firstPause;
            bool isLost = false, isFirst = true;
            while (true)
            {
                switch (Reconnect(number, bytes, place, out string? problem))
                {
                    case Errno.None:
                        if (isLost) Log.Announce($"storage: {place}: connected again");
                        isLost = false;
                        pause = s_firstPause;
                        while (!listener.WaitForDeadLink(number, null)) { }
                        isFirst = false;
                        isLost = true;
                        Log.Error($"storage: {place}: the link to the server is dead: connecting anew for {RemoteLimits.DeadLink.TotalSeconds:0} s from the first request on");
                        break;
                    case Errno.ENODEV:
                        Log.Error($"storage: {place}: the server was away for too long: /dev/nbd{number} is lost, and what is mounted from it gives errors until the machine is restarted");
                        return true;
                    default:
                        if (isFirst) Log.Warn($"storage: {place}: {problem}");
                        isFirst = false;
                        _ = Sys.Poll([], Sys.TimeSinceBoot() + pause);
                        pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                        break;
                }
            }
        }
    }

    private static Errno Reconnect(int number, ulong bytes, in RemoteStorageName place, out string? problem)
    {
        problem = ServerAddress.Find(place.Server, RemoteLimits.Attempt, out byte[] address);
        if (problem is not null) return Errno.EAGAIN;
        problem = NbdServer.Open(place, address, Sys.TimeSinceBoot() + RemoteLimits.Attempt, out var socket, out var export);
        if (IsGone(number)) return Errno.ENODEV;
        if (problem is not null) return Errno.EAGAIN;
        using (socket)
        {
            if (export.Bytes != bytes)
            {
                problem = $"the export has {export.Bytes} bytes now and had {bytes}: it is another one";
                return Errno.EAGAIN;
            }
            var errno = NbdKernel.Open(out var kernel);
            if (errno == Errno.None)
                using (kernel) errno = kernel!.Reconnect(number, socket!);
            if (errno is Errno.None) return errno;
            problem = $"give the device a new connection: {errno.Describe()}";
            return errno is Errno.EINVAL ? Errno.ENODEV : Errno.EAGAIN;
        }
    }

    // The kernel takes the file away with the device's last connection.
    private static bool IsGone(int number) => !Sys.Exists($"/sys/block/nbd{number}/pid");
}
