using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

// What is kept open in the name of services.
internal sealed partial class Supervisor
{
    /// <summary>A line INODE SERVICE for each socket that we hold open; nobody else may have it open.</summary>
    public string KeptSockets()
    {
        var lines = new StringBuilder();
        foreach (var (name, fd) in _sockets.Open)
            if (Sys.Stat(fd, out var status) == Errno.None) lines.Append(status.st_ino).Append(' ').Append(Sockets.HeldSockets.ServiceIn(name)).Append('\n');
        return lines.ToString();
    }
}
