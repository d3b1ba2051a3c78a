using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>
/// Whose the senders of /dev/log are. Those of late have their /proc/PID/cgroup open here: a descriptor of it is of that process and no
/// other, so it tells by an error when the process is gone, and whoever got its number since is looked at anew.
/// </summary>
internal sealed class SenderNames
{
    private readonly (int Pid, FileDescriptor File)[] _known = new (int, FileDescriptor)[16];
    private int _next;

    /// <summary>Copies the name of the service of <paramref name="pid"/>; 0 where it has none, is gone, or may not be looked at.</summary>
    public int ServiceOf(int pid, Span<byte> name)
    {
        if (pid <= 0) return 0;
        Span<byte> content = stackalloc byte[2048];
        int place = 0;
        while (place < _known.Length && _known[place].Pid != pid) place++;
        if (place < _known.Length)
        {
            if (Sys.ReadAt(_known[place].File, content, 0, out int again) == Errno.None && again > 0) return Copy(content[..again], name);
            Forget(place);
        }
        if (Sys.Open($"/proc/{pid}/cgroup", Libc.O_RDONLY, 0, out var file) != Errno.None) return 0;
        if (Sys.ReadAt(file, content, 0, out int count) != Errno.None || count == 0)
        {
            file.Dispose();
            return 0;
        }
        Forget(_next);
        _known[_next] = (pid, file);
        _next = (_next + 1) % _known.Length;
        return Copy(content[..count], name);
    }

    public void Close()
    {
        for (int place = 0; place < _known.Length; place++) Forget(place);
    }

    private void Forget(int place)
    {
        _known[place].File?.Dispose();
        _known[place] = default;
    }

    private static int Copy(ReadOnlySpan<byte> content, Span<byte> name)
    {
        var service = CgroupPath.Parse(content);
        if (service.Length > name.Length) return 0;
        service.CopyTo(name);
        return service.Length;
    }
}
