using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Receiving;

/// <summary>
/// A connection over which another machine sends (RFC 6587). It is read as fast as its turns come, and TCP holds its sender up meanwhile.
///
/// What is not whole yet is kept here, less than <see cref="FrameCutter.Enough"/> and a length; parts of a longer message are given out as they come. It cannot
/// stay in the socket, as half a line stays in its pipe: the kernel keeps what it has received in large pieces and counts a piece
/// until its last byte is read, so that six bytes can fill the whole buffer, and no more comes. So a syslog that is killed loses what it has read of a
/// message that was not whole, along with what was in the socket; its sender sees the connection end.
///
/// A connection has to bring a whole message within <see cref="LogServer.SenderPatience"/> of its beginning, and each message within that time of its own; after that
/// it may be silent for as long as it likes.
/// </summary>
internal sealed class RemoteConnection : RemoteSource
{
    /// <summary>SO_RCVBUF: what the kernel keeps for one, twice that at most.</summary>
    public const int Room = 128 * 1024;

    private const int LastLooks = 64, MostAtOnce = 16 * 1024, MostHalf = FrameCutter.Enough + 32;

    private readonly LogServer _server;
    private readonly FileDescriptor _socket;
    private readonly Watch _watch;
    private readonly byte[] _name = new byte[255], _address;
    private readonly int _addressNameLength;
    private byte[] _half = [];
    private int _halfLength;
    private FrameState _state;
    private byte _priority; // of the message in hand, as its name
    private int _nameLength;
    private bool _isKept = true;

    public RemoteConnection(LogServer server, FileDescriptor socket, ReadOnlySpan<byte> address)
    {
        (_server, _socket, _address) = (server, socket, address.ToArray());
        _addressNameLength = _nameLength = RemoteName.Write(address, _name);
        Since = LastMessage = EventLoop.Now;
        Sys.KeepAlive(socket);
        _watch = server.Loop.Watch(socket, Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLET, "receive", _ => server.Queue(this));
        server.Queue(this); // what came before it was watched
    }

    public ReadOnlySpan<byte> Address => _address;

    /// <summary>@ADDRESS.</summary>
    public override string Name => Encoding.ASCII.GetString(_name, 0, _addressNameLength);

    /// <summary>When what it owes us began: a whole message, or its first.</summary>
    public TimeSpan Since { get; private set; }

    public TimeSpan LastMessage { get; private set; }

    /// <summary>It has begun a message, or has never brought one.</summary>
    public bool IsOwing => IsInMessage || !HasSent;

    private bool IsInMessage => _halfLength > 0 || _state.HasBegun;

    private bool HasSent { get; set; }

    private bool IsClosed { get; set; }

    public override bool Work() => !IsClosed && Read();

    /// <summary>Takes what is there, half a message too, and closes.</summary>
    public void End()
    {
        for (int i = 0; i < LastLooks && Work(); i++)
        {
        }
        if (!IsClosed) Finish();
    }

    public override void Close()
    {
        if (IsClosed) return;
        IsClosed = true;
        _server.Loop.Unwatch(_watch);
        _socket.Dispose();
    }

    private bool Read()
    {
        // What is there of the last message, and what has come behind it.
        var errno = Sys.Read(_socket, _server.Buffer.AsSpan(_halfLength, MostAtOnce), out int count);
        if (errno == Errno.EAGAIN) return false;
        if (errno != Errno.None || count == 0)
        {
            Finish();
            return false;
        }
        _half.AsSpan(0, _halfLength).CopyTo(_server.Buffer);
        bool wasIn = IsInMessage;
        bool hasMessage = Cut(_server.Buffer.AsSpan(0, _halfLength + count), isEnd: false, out bool isBroken);
        if (isBroken)
        {
            _server.NoteSeldom("length", $"{Name}: a message said a length that none can have: the connection was closed");
            _server.EndConnection(this);
            return false;
        }
        var now = EventLoop.Now;
        if (hasMessage) (HasSent, LastMessage) = (true, now);
        if (!IsInMessage) return true;
        if (hasMessage || !wasIn) Since = now;
        _server.WantLook();
        return true;
    }

    // No more will come: half a message is one.
    private void Finish()
    {
        _half.AsSpan(0, _halfLength).CopyTo(_server.Buffer);
        _ = Cut(_server.Buffer.AsSpan(0, _halfLength), isEnd: true, out _);
        _server.EndConnection(this);
    }

    /// <summary>Gives out what is whole, or long enough, and keeps the rest; whether a message has ended.</summary>
    private bool Cut(ReadOnlySpan<byte> bytes, bool isEnd, out bool isBroken)
    {
        int rate = _server.RateOf(_name.AsSpan(0, _addressNameLength));
        var stamp = LogServer.Stamp();
        bool hasMessage = false;
        var cutter = new FrameCutter(bytes, _state);
        while (cutter.Next(isEnd))
        {
            Add(cutter, rate, stamp);
            hasMessage |= cutter.IsLast;
        }
        isBroken = cutter.IsBroken;
        _state = cutter.State;
        _halfLength = isBroken ? 0 : cutter.Rest.Length;
        if (_halfLength > _half.Length) _half = new byte[MostHalf];
        else if (_halfLength == 0) _half = [];
        cutter.Rest[.._halfLength].CopyTo(_half);
        return hasMessage;
    }

    private void Add(in FrameCutter cutter, int rate, (long Us, long BootUs) stamp)
    {
        var text = cutter.Part;
        if (cutter.IsFirst)
        {
            var message = SyslogMessage.ParseRemote(text);
            _priority = (byte)message.Priority;
            _nameLength = RemoteName.Write(_name, _addressNameLength, message, stamp.Us);
            _isKept = true;
            text = message.Text;
        }
        var entry = new LogEntry { TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = _priority, Source = LogSource.Remote, Service = _name.AsSpan(0, _nameLength) };
        _isKept = _server.AddLines(ref entry, text, rate, goesOn: !cutter.IsFirst, wasKept: _isKept);
        if (cutter.CutOff > 0 && _isKept) _server.AddCutOff(ref entry, cutter.CutOff);
    }
}
