namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>poll(2) until <paramref name="deadline"/> since boot; null waits for ever. EINTR is the caller's: it may have to look elsewhere.</summary>
    public static Errno Poll(Span<Libc.pollfd> fds, TimeSpan? deadline)
    {
        int timeoutMs = -1;
        // Rounded up: a wait of a fraction of a millisecond must not become a busy loop.
        if (deadline is { } at) timeoutMs = (int)Math.Clamp(Math.Ceiling((at - TimeSinceBoot()).TotalMilliseconds), 0, int.MaxValue);
        fixed (Libc.pollfd* p = fds) return Check(Libc.poll(p, (nuint)fds.Length, timeoutMs));
    }

    /// <summary>Waits until there is something to read or the end of it; ETIMEDOUT when <paramref name="deadline"/> since boot has come.</summary>
    public static Errno WaitReadable(FileDescriptor fd, TimeSpan? deadline)
    {
        Span<Libc.pollfd> fds = [new Libc.pollfd { fd = fd.Number, events = (short)Libc.EPOLLIN }];
        while (true)
        {
            var errno = Poll(fds, deadline);
            if (errno == Errno.EINTR) continue;
            if (errno != Errno.None) return errno;
            if (fds[0].revents != 0) return Errno.None;
            if (deadline <= TimeSinceBoot()) return Errno.ETIMEDOUT; // one poll(2) waits for 24 days at most
        }
    }
}
