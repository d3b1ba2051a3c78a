using Dora.Core.Linux;
using Dora.Init.Events;

namespace Dora.Init.Syslog;

// /dev/log: what programs send with syslog(3).
internal sealed partial class LogServer
{
    private const int DatagramsPerWakeUp = 64;

    private readonly byte[] _sender = new byte[255];
    private FileDescriptor? _devLog;
    private Watch? _devLogWatch;
    private byte[] _hostName = [];

    /// <summary>Reads from a bound datagram socket with SO_PASSCRED, which is ours from here on.</summary>
    public void ListenTo(FileDescriptor devLog, byte[] hostName)
    {
        _devLog = devLog;
        _hostName = hostName;
        _devLogWatch = Loop.Watch(devLog, Libc.EPOLLIN, "/dev/log", _ => OnDatagrams());
    }

    private void OnDatagrams()
    {
        for (int i = 0; i < DatagramsPerWakeUp; i++)
        {
            var errno = Sys.ReceiveFrom(_devLog!, Buffer, out int count, out var sender, Libc.MSG_PEEK);
            if (errno == Errno.EAGAIN) return;
            errno.ThrowIfError("recvmsg", "/dev/log");
            TakeDatagram(Buffer.AsSpan(0, count), sender.pid);
        }
    }

    // As with pipes: looked at, put into the ring, taken out exactly once (LogRing.Taking.cs). A datagram is whole.
    private unsafe void TakeDatagram(ReadOnlySpan<byte> datagram, int pid)
    {
        var message = SyslogMessage.Parse(datagram, _hostName);
        byte[] name = _sender;
        int length = CgroupPath.ServiceOf(pid, name);
        if (length == 0)
        {
            // No service of ours, or gone already: its own word is the best there is.
            var tag = message.Tag.IsEmpty ? "unknown"u8 : message.Tag;
            length = Math.Min(tag.Length, name.Length);
            tag[..length].CopyTo(name);
        }
        Ring.Begin(datagram.IsEmpty ? (byte)0 : datagram[0]);
        var stamp = Stamp();
        var lines = new LineCutter(message.Text);
        while (lines.Next(isEnd: true))
            Add(new LogEntry
            {
                TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = (byte)message.Priority, Pid = pid, Source = LogSource.Syslog,
                IsContinuation = lines.IsContinuation, Service = name.AsSpan(0, length), Text = lines.Line,
            });
        Ring.Step();
        var errno = Sys.Read(_devLog!, new Span<byte>(Ring.Witness, 1), out int _);
        Ring.Step();
        Ring.Settle();
        errno.ThrowIfError("read", "/dev/log");
        Added();
    }
}
