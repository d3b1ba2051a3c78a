using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Receiving;

/// <summary>A socket of UDP (RFC 5426). As with /dev/log a datagram is looked at, put into the ring and taken out exactly once.</summary>
internal sealed class DatagramPlace : RemoteSource
{
    private const int DatagramsPerTurn = 32, Room = 1 << 20;

    private readonly LogServer _server;
    private readonly SocketSettings _place;
    private readonly AllowedSenders _allowed;
    private readonly FileDescriptor _socket;
    private readonly Watch _watch;
    private readonly byte[] _losses, _address = new byte[16], _name = new byte[255];
    private int _addressLength = -1, _nameLength; // of the sender before

    public DatagramPlace(LogServer server, SocketSettings place, FileDescriptor socket)
    {
        (_server, _place, _socket, _allowed) = (server, place, socket, new AllowedSenders(place.From));
        _losses = Encoding.UTF8.GetBytes($"{LogServer.PlacePrefix}{place.Address}");
        _ = Sys.SetSocketOption(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUF, Room); // or as much as may be
        _watch = server.Loop.Watch(socket, Libc.EPOLLIN | Libc.EPOLLET, "receive", _ => server.Queue(this));
    }

    public override string Name => $"{_place.KindWord} {_place.Address}";

    public override bool Work()
    {
        Span<byte> address = stackalloc byte[16];
        for (int i = 0; i < DatagramsPerTurn; i++)
        {
            var errno = Sys.ReceiveDatagram(_socket, _server.Buffer, Libc.MSG_PEEK, out int count, address, out int length);
            if (errno != Errno.None)
            {
                CountLosses();
                return errno is not (Errno.EAGAIN or Errno.EBADF or Errno.ENOTSOCK); // others are of one datagram (ICMP)
            }
            if (!_allowed.Hold(address[..length])) _server.Refused(address[..length]);
            else if (count > 0 && TryTake(_server.Buffer.AsSpan(0, count), address[..length])) continue;
            _ = Sys.Read(_socket, _server.Scratch.AsSpan(0, 1), out int _);
        }
        CountLosses();
        return true;
    }

    public override void Close()
    {
        _server.Loop.Unwatch(_watch);
        _socket.Dispose();
    }

    // Whatever it is, it must not stand in the way of all that comes behind it.
    private bool TryTake(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address)
    {
        try
        {
            Take(datagram, address);
            return true;
        }
        catch (Exception defect) when (defect is SystemException)
        {
            _server.GiveUp(Name, defect);
            return false;
        }
    }

    private unsafe void Take(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> address)
    {
        if (_addressLength != address.Length || !address.SequenceEqual(_address.AsSpan(0, _addressLength)))
        {
            address.CopyTo(_address);
            _addressLength = address.Length;
            _nameLength = RemoteName.Write(address, _name);
        }
        var ring = _server.Ring;
        int rate = _server.RateOf(_name.AsSpan(0, _nameLength));
        var stamp = LogServer.Stamp();
        var message = SyslogMessage.ParseRemote(datagram);
        int nameLength = RemoteName.Write(_name, _nameLength, message, stamp.Us);
        ring.Begin(datagram[0]);
        if (rate >= 0) ring.Rates!.Save(rate);
        var entry = new LogEntry
        {
            TimeUs = stamp.Us, BootUs = stamp.BootUs, Priority = (byte)message.Priority, Source = LogSource.Remote,
            Service = _name.AsSpan(0, nameLength),
        };
        _ = _server.AddLines(ref entry, message.Text, rate);
        ring.Step();
        var errno = Sys.Read(_socket, new Span<byte>(ring.Witness, 1), out int _);
        ring.Step();
        ring.Settle();
        errno.ThrowIfError("read", "udp");
        _server.Added();
    }

    private void CountLosses()
    {
        if (Sys.LostDatagrams(_socket, out uint count) == Errno.None) _server.CountLosses(_losses, count);
    }
}
