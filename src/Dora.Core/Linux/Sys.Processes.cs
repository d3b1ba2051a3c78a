namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>The beginning of /proc/PID/cgroup. Allocates nothing: syslog asks for every message.</summary>
    public static Errno ReadCgroup(int pid, Span<byte> buffer, out int count)
    {
        count = 0;
        Span<byte> path = stackalloc byte[32];
        if (!System.Text.Unicode.Utf8.TryWrite(path, $"/proc/{pid}/cgroup\0", out _)) return Errno.EINVAL;
        int file;
        fixed (byte* p = path)
        {
            do file = Libc.open(p, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
            while (file < 0 && Libc.errno == Errno.EINTR);
        }
        if (file < 0) return Libc.errno;
        nint result;
        fixed (byte* b = buffer)
        {
            do result = Libc.read(file, b, (nuint)buffer.Length);
            while (result < 0 && Libc.errno == Errno.EINTR);
        }
        var errno = Check(result, out count);
        _ = Libc.close(file);
        return errno;
    }
}
