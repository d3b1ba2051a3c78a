using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

// What is kept open in the name of services.
internal sealed partial class Supervisor
{
    /// <summary>The services of sockets that we hold open, by inode: nobody else may have them open.</summary>
    public IEnumerable<(long Inode, string Service)> KeptSockets()
    {
        foreach (var (service, fd) in _sockets.All())
            if (Sys.Stat(fd, out var status) == Errno.None) yield return ((long)status.st_ino, service);
    }
}
