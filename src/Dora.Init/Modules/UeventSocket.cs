using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// Uevents as they come. Only the kernel's own count: any process with the right to send to the group could otherwise
/// make us load modules.
/// </summary>
internal sealed class UeventSocket : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024]; // the kernel's messages are at most some 2 KiB (UEVENT_BUFFER_SIZE)

    private UeventSocket(FileDescriptor fd) => Fd = fd;

    public FileDescriptor Fd { get; }

    public static Errno Open(out UeventSocket? socket)
    {
        var errno = Sys.OpenUevents(out var fd);
        socket = errno == Errno.None ? new UeventSocket(fd) : null;
        return errno;
    }

    /// <summary>
    /// Reads all that is there. False when events were lost (ENOBUFS): whoever follows devices then has to look at all
    /// of them again.
    /// </summary>
    public bool Drain(List<Uevent> events)
    {
        bool isComplete = true;
        // Bounded: a storm must not keep the caller here for ever; what is left makes the socket readable again.
        for (int i = 0; i < 4096; i++)
        {
            var errno = Sys.ReceiveNetlink(Fd, _buffer, out int count, out uint sender);
            if (errno == Errno.ENOBUFS)
            {
                isComplete = false;
                continue;
            }
            if (errno != Errno.None) break;
            if (sender == 0 && Uevent.TryParse(_buffer.AsSpan(0, count), out var uevent)) events.Add(uevent);
        }
        return isComplete;
    }

    public void Dispose() => Fd.Dispose();
}
