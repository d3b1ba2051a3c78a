using System.Text;
using Dora.Core.Linux;

namespace Dora.Core.Client;

// Whether anybody is there. The manager's socket outlives the manager (it lies in the guard's store), so a connection is
// made although nobody takes it; and a manager that was stopped, or hangs, takes nothing. How long an answer takes tells
// nothing either: a reload reads directories, a change waits for a service. But a manager that lives answers GET /v1/version
// within a millisecond, whatever else it does. So, when the answer has not come at once, a second connection asks for that, and
// whoever waits hears within a second that there is nobody.
//
// A question is then given up. An order is not: it may be carried out by the manager that the guard starts next, and whoever
// gave it would give it again. It waits on for a while, having said so (Notice).
public sealed partial class DoraClient
{
    private static readonly TimeSpan s_atOnce = TimeSpan.FromMilliseconds(400), s_second = TimeSpan.FromMilliseconds(450), s_between = TimeSpan.FromSeconds(2);

    /// <summary>The guard replaces a manager that hangs within 10 s.</summary>
    private static readonly TimeSpan s_replacement = TimeSpan.FromSeconds(15);

    /// <summary>Gets what a person who waits should know: the manager does not answer, and the order waits on.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The socket leads to another machine: what takes its time may be the way. Then only the limit of an answer counts.</summary>
    public bool IsDistant { get; init; }

    private string Silence => $"{socketPath}: init's manager does not answer";

    /// <summary>Returns when there is something to read, or when an answer may come late since the manager lives.</summary>
    private void AwaitSign(FileDescriptor fd, TimeSpan? limit, bool isRepeatable)
    {
        if (IsDistant) return;
        var begun = Sys.TimeSinceBoot();
        if (Sys.WaitReadable(fd, begun + s_atOnce) != Errno.ETIMEDOUT || IsAlive()) return;
        if (Sys.WaitReadable(fd, Sys.TimeSinceBoot()) != Errno.ETIMEDOUT) return;
        if (isRepeatable) throw new DoraException(DoraFailure.NotAnswering, Silence);
        Notice?.Invoke($"{Silence}; waiting for the next one");
        var end = begun + (limit < s_replacement ? limit.Value : s_replacement);
        while (Sys.TimeSinceBoot() < end)
            if (Sys.WaitReadable(fd, Sys.TimeSinceBoot() + s_between) != Errno.ETIMEDOUT || IsAlive()) return;
        throw new DoraException(DoraFailure.NotAnswering, $"{Silence}; whether it does what it was asked for is not known");
    }

    private bool IsAlive()
    {
        var end = Sys.TimeSinceBoot() + s_second;
        try
        {
            using var fd = Connect(s_second);
            if (!WriteAll(fd, "GET /v1/version HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n"u8)) return false;
            if (Sys.WaitReadable(fd, end) == Errno.ETIMEDOUT) return false;
            Span<byte> first = stackalloc byte[1];
            return Sys.Read(fd, first, out int count) == Errno.None && count > 0;
        }
        catch (DoraException)
        {
            return false;
        }
    }

    private FileDescriptor Connect() => Connect(s_atOnce + s_second);

    /// <summary>Connects, without waiting for ever where the socket's queue is full.</summary>
    private FileDescriptor Connect(TimeSpan patience)
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, 0, out var fd).ThrowIfError("socket");
        var end = Sys.TimeSinceBoot() + patience;
        Errno errno;
        while ((errno = Sys.ConnectUnix(fd, socketPath)) == Errno.EAGAIN && Sys.TimeSinceBoot() < end) Thread.Sleep(20);
        if (errno == Errno.None)
        {
            Sys.SetBlocking(fd).ThrowIfError("fcntl");
            return fd;
        }
        fd.Dispose();
        throw errno switch
        {
            Errno.EACCES or Errno.EPERM => new DoraException(DoraFailure.NotPermitted, $"{socketPath}: {errno.Describe()}"),
            Errno.ENOENT => new DoraException(DoraFailure.NoSocket, $"{socketPath}: no such file: this machine does not run Pandora, or --socket names the wrong one"),
            Errno.ECONNREFUSED => new DoraException(DoraFailure.NotReachable, $"{socketPath}: nobody listens: init's manager is not running"),
            Errno.EAGAIN => new DoraException(DoraFailure.NotAnswering, $"{Silence}: it takes no connections"),
            _ => new DoraException(DoraFailure.NotReachable, $"{socketPath}: {errno.Describe()}"),
        };
    }
}
