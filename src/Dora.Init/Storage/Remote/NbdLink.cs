using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// A network block device of this machine. A server that comes back with an export of another size is not given to the
/// kernel: it is another disk.
/// </summary>
internal sealed class NbdLink(int number, ulong bytes) : RemoteLink
{
    private NbdKernel? _listener;

    public override string Patience => $" for {RemoteLimits.DeadLink.TotalSeconds:0} s from the first request on";

    public override string Loss => $"the server was away for too long: /dev/nbd{number} is lost";

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
                return new RemoteResult { Device = $"/dev/nbd{number}", Link = Words((ulong)number, export.Bytes, place) };
            }
        }
    }

    public override string? Open()
    {
        var errno = NbdKernel.Open(out _listener);
        if (errno != Errno.None) return $"this kernel has no network block devices: {errno.Describe()}";
        errno = _listener!.Listen();
        if (errno != Errno.None) Log.Warn($"storage: /dev/nbd{number}: its link cannot be watched: {errno.Describe()}");
        return null;
    }

    public override void WaitForDeath()
    {
        while (!_listener!.WaitForDeadLink(number, null)) { }
    }

    public override Errno Reconnect(out string? problem)
    {
        problem = ServerAddress.Find(Place.Server, RemoteLimits.Attempt, out byte[] address);
        if (problem is not null) return Errno.EAGAIN;
        problem = NbdServer.Open(Place, address, Sys.TimeSinceBoot() + RemoteLimits.Attempt, out var socket, out var export);
        // The kernel takes the file away with the device's last connection.
        if (!Sys.Exists($"/sys/block/nbd{number}/pid")) return Errno.ENODEV;
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

    public override void Release()
    {
        if (NbdKernel.Open(out var kernel) == Errno.None)
            using (kernel) _ = kernel!.Disconnect(number);
    }
}
