using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Receiving;

/// <summary>
/// A connection over which another machine sends (RFC 6587).
///
/// As with pipes, the socket is the memory of what is not whole yet: it is looked at, whole messages are taken out, and the rest stays there, so that a sender who
/// is faster than we are waits. Of a message that is long the parts are taken as they come (<see cref="FrameCutter"/>).
/// Epoll is edge-triggered: whoever has taken anything looks again.
///
/// A connection has to bring a whole message within <see cref="LogServer.SenderPatience"/> of its beginning, and each message within that time of its own; after that
/// it may be silent for as long as it likes.
/// </summary>
internal sealed class RemoteConnection : RemoteSource
{
    /// <summary>SO_RCVBUF: the kernel takes twice as much, and what is not whole and shorter than <see cref="FrameCutter.Enough"/> has room in it however it came.</summary>
    public const int Room = 128 * 1024;

    private const int LastLooks = 16;

    private readonly LogServer _server;
    private readonly FileDescriptor _socket;
    private readonly Watch _watch;
    private readonly byte[] _name = new byte[255], _address;
    private readonly int _addressNameLength;
    private FrameState _state;
    private byte _priority; // of the message in hand, as its name
    private int _nameLength;
    private bool _hasHungUp, _hasHalf;

    public RemoteConnection(LogServer server, FileDescriptor socket, ReadOnlySpan<byte> address)
    {
        (_server, _socket, _address) = (server, socket, address.ToArray());
        _addressNameLength = _nameLength = RemoteName.Write(address, _name);
        Since = LastMessage = EventLoop.Now;
        Sys.KeepAlive(socket);
        _watch = server.Loop.Watch(socket, Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLET, "receive", events =>
        {
            _hasHungUp |= (events & (Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0;
            server.Queue(this);
        });
        server.Queue(this); // what came before it was watched
    }

    public ReadOnlySpan<byte> Address => _address;

    /// <summary>@ADDRESS.</summary>
    public override string Name => Encoding.ASCII.GetString(_name, 0, _addressNameLength);

    /// <summary>When what it owes us began: a whole message, or its first.</summary>
    public TimeSpan Since { get; private set; }

    public TimeSpan LastMessage { get; private set; }

    /// <summary>It has begun a message, or has never brought one.</summary>
    public bool IsOwing => _hasHalf || !HasSent;

    public bool HasSent { get; private set; }

    public bool IsClosed { get; private set; }

    public override bool Work() => !IsClosed && Look(isLast: false);

    /// <summary>Takes what is there, half a message too, and closes.</summary>
    public void End()
    {
        if (IsClosed) return;
        for (int i = 0; i < LastLooks && Look(isLast: true); i++)
        {
        }
        _server.EndConnection(this);
    }

    public override void Close()
    {
        if (IsClosed) return;
        IsClosed = true;
        _server.Loop.Unwatch(_watch);
        _socket.Dispose();
    }

    private bool Look(bool isLast)
    {
        var errno = Sys.Peek(_socket, _server.Buffer, out int count);
        if (errno == Errno.EAGAIN && !isLast) return false;
        if (errno != Errno.None || count == 0)
        {
            if (!isLast) _server.EndConnection(this);
            return false;
        }
        int taken = 0, part;
        bool isBroken = false;
        do taken += part = Take(_server.Buffer.AsSpan(taken, count - taken), isEnd: false, ref isBroken);
        while (part > 0);
        // The rest will have no end.
        if (taken == 0 && !isBroken && (_hasHungUp || isLast) && count < _server.Buffer.Length) taken = Take(_server.Buffer.AsSpan(0, count), isEnd: true, ref isBroken);
        if (isBroken)
        {
            _server.NoteSeldom($"{Name}: a message said a length that none can have: the connection was closed");
            if (!isLast) _server.EndConnection(this);
            return false;
        }
        bool hasHalf = taken < count || _state.HasBegun;
        if (taken > 0 || (hasHalf && !_hasHalf)) Since = EventLoop.Now;
        _hasHalf = hasHalf;
        if (hasHalf) _server.WantLook();
        return taken > 0;
    }

    /// <summary>Takes messages from the front of what is there; how many bytes that were.</summary>
    private int Take(Span<byte> bytes, bool isEnd, ref bool isBroken)
    {
        var cutter = new FrameCutter(bytes, _state);
        if (bytes.IsEmpty || (!cutter.Next(isEnd) && cutter.Rest.Length == bytes.Length))
        {
            isBroken |= cutter.IsBroken;
            return 0;
        }
        var ring = _server.Ring;
        int rate = _server.RateOf(_name.AsSpan(0, _addressNameLength));
        ring.Begin(bytes[0]);
        if (rate >= 0) ring.Rates!.Save(rate);
        ulong enough = ring.Newest.Offset + ring.Capacity / 4;
        var stamp = LogServer.Stamp();
        bool hasMessage = false;
        cutter = new FrameCutter(bytes, _state);
        while (ring.Newest.Offset < enough && cutter.Next(isEnd))
        {
            Add(cutter, rate, stamp);
            hasMessage |= cutter.IsLast;
        }
        bytes = bytes[..(bytes.Length - cutter.Rest.Length)];
        ring.Step();
        if (!_server.TakeOut(_socket, bytes)) return 0;
        _state = cutter.State;
        if (hasMessage) (HasSent, LastMessage) = (true, EventLoop.Now);
        _server.Added();
        return bytes.Length;
    }

    private void Add(in FrameCutter cutter, int rate, (long Us, long BootUs) stamp)
    {
        var text = cutter.Part;
        if (cutter.IsFirst)
        {
            var message = SyslogMessage.ParseRemote(text);
            _priority = (byte)message.Priority;
            _nameLength = RemoteName.Write(_name, _addressNameLength, message, stamp.Us);
            text = message.Text;
        }
        var entry = new LogEntry { TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = _priority, Source = LogSource.Remote, Service = _name.AsSpan(0, _nameLength) };
        bool isKept = _server.AddLines(ref entry, text, rate, goesOn: !cutter.IsFirst);
        if (cutter.CutOff > 0 && isKept) _server.AddCutOff(ref entry, cutter.CutOff);
    }
}
