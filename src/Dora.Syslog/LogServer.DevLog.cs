using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

// /dev/log: what programs send with syslog(3).
internal sealed partial class LogServer
{
    private const int DatagramsPerWakeUp = 64;

    private readonly byte[] _sender = new byte[255];
    private readonly SenderNames _senders = new();
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
            var errno = Sys.ReceiveFrom(_devLog!, Buffer, out int count, out var sender, out bool hasDescriptors, Libc.MSG_PEEK | Libc.MSG_TRUNC);
            if (errno == Errno.EAGAIN) return;
            errno.ThrowIfError("recvmsg", "/dev/log");
            int seen = Math.Min(count, Buffer.Length);
            try
            {
                TakeDatagram(Buffer.AsSpan(0, seen), count - seen, sender, hasDescriptors);
            }
            catch (Exception defect) when (defect is SystemException)
            {
                // Whatever it is, it must not stand in the way of all that comes behind it.
                GiveUp("/dev/log", defect);
                _ = TakeOut(Scratch.AsSpan(0, 1), hasDescriptors);
            }
        }
    }

    // As with pipes: looked at, put into the ring, taken out exactly once (LogRing.Taking.cs). A datagram is whole.
    private unsafe void TakeDatagram(ReadOnlySpan<byte> datagram, int cutOff, in Libc.ucred sender, bool hasDescriptors)
    {
        var message = SyslogMessage.Parse(datagram, _hostName);
        byte[] name = _sender;
        int length = _senders.ServiceOf(sender.pid, name);
        int rate = RateOf(name.AsSpan(0, length), sender.uid);
        var text = message.Text;
        if (length == 0)
        {
            // No service of ours, or gone already: its own word is the best there is. Root may say what it likes; the word of
            // others, who might call themselves like a service, its instance or another machine, is marked.
            var tag = message.Tag.IsEmpty ? "unknown"u8 : message.Tag;
            length = Math.Min(tag.Length, name.Length - 1);
            tag[..length].CopyTo(name);
            if (sender.pid == 0 || sender.uid != 0)
            {
                name.AsSpan(0, length).Replace((byte)'@', (byte)'_');
                name[length++] = (byte)'?';
            }
        }
        else text = Tagged(name.AsSpan(0, length), message.Tag, text);
        Ring.Begin(datagram.IsEmpty ? (byte)0 : datagram[0]);
        if (rate >= 0) Ring.Rates!.Save(rate);
        var stamp = Stamp();
        var entry = new LogEntry
        {
            TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = (byte)message.Priority, Pid = sender.pid, Source = LogSource.Syslog,
            Service = name.AsSpan(0, length),
        };
        bool isKept = AddLines(ref entry, text, rate);
        if (cutOff > 0 && isKept) AddCutOff(ref entry, cutOff);
        Ring.Step();
        var errno = TakeOut(new Span<byte>(Ring.Witness, 1), hasDescriptors);
        Ring.Step();
        Ring.Settle();
        errno.ThrowIfError("read", "/dev/log");
        Added();
    }

    private Errno TakeOut(Span<byte> first, bool hasDescriptors)
    {
        using var timer = InterruptTimer.Arm(hasDescriptors);
        return Sys.Read(_devLog!, first, out int _);
    }

    /// <summary>
    /// A program of a service that calls itself otherwise (sudo in a session of sshd, <c>logger -t backup</c> in a job): its name stands in front, as it does wherever
    /// syslog(3) is read.
    /// </summary>
    private ReadOnlySpan<byte> Tagged(ReadOnlySpan<byte> service, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> text)
    {
        int at = service.IndexOf((byte)'@');
        if (tag.IsEmpty || tag.SequenceEqual(at < 0 ? service : service[..at]) || tag.Length + 2 + text.Length > Scratch.Length) return text;
        tag.CopyTo(Scratch);
        ": "u8.CopyTo(Scratch.AsSpan(tag.Length));
        text.CopyTo(Scratch.AsSpan(tag.Length + 2));
        return Scratch.AsSpan(0, tag.Length + 2 + text.Length);
    }
}
