using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

// /dev/log: what programs send with syslog(3).
internal sealed partial class LogServer
{
    private const int DatagramsPerWakeUp = 64;

    private readonly LineSplitter _datagramLines = new();
    private readonly byte[] _sender = new byte[255];
    private FileDescriptor? _devLog;
    private Watch? _devLogWatch;
    private byte[] _hostName = [];
    private int _datagramPriority, _datagramPid, _senderLength;
    private LineHandler? _addDatagramLine;

    /// <summary>Reads from a bound datagram socket with SO_PASSCRED, which is ours from here on.</summary>
    public void ListenTo(FileDescriptor devLog, byte[] hostName)
    {
        _devLog = devLog;
        _hostName = hostName;
        _addDatagramLine = AddDatagramLine;
        _devLogWatch = Loop.Watch(devLog, Libc.EPOLLIN, "/dev/log", _ => OnDatagrams());
    }

    private void OnDatagrams()
    {
        for (int i = 0; i < DatagramsPerWakeUp; i++)
        {
            var errno = Sys.ReceiveFrom(_devLog!, Buffer, out int count, out var sender);
            if (errno == Errno.EAGAIN) return;
            errno.ThrowIfError("recvmsg", "/dev/log");
            OnDatagram(Buffer.AsSpan(0, count), sender.pid);
        }
    }

    private void OnDatagram(ReadOnlySpan<byte> datagram, int pid)
    {
        var message = SyslogMessage.Parse(datagram, _hostName);
        _datagramPriority = message.Priority;
        _datagramPid = pid;
        _senderLength = CgroupPath.ServiceOf(pid, _sender);
        if (_senderLength == 0)
        {
            // No service of ours, or gone already: its own word is the best there is.
            var tag = message.Tag.IsEmpty ? "unknown"u8 : message.Tag;
            _senderLength = Math.Min(tag.Length, _sender.Length);
            tag[.._senderLength].CopyTo(_sender);
        }
        if (message.Text.IsEmpty) return;
        _datagramLines.Feed(message.Text, _addDatagramLine!);
        _datagramLines.Feed("\n"u8, _addDatagramLine!); // a datagram is whole
    }

    private void AddDatagramLine(ReadOnlySpan<byte> line, bool isContinuation) =>
        Add(new LogEntry
        {
            Priority = (byte)_datagramPriority, Pid = _datagramPid, Source = LogSource.Syslog,
            IsContinuation = isContinuation, Service = _sender.AsSpan(0, _senderLength), Text = line,
        });
}
