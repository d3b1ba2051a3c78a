using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The kernel's network block devices over generic netlink (linux/nbd-netlink.h): a device gets a connected socket, and
/// lives in the kernel from then on, whoever made it. When its link dies, requests wait for a new socket
/// (<see cref="Reconnect"/>) for <see cref="RemoteLimits.DeadLink"/>; without one they fail, and all further ones at once.
/// </summary>
internal sealed class NbdKernel : IDisposable
{
    private const ushort ControlFamily = 16, FamilyName = 2, FamilyId = 1, Groups = 7, GroupName = 1, GroupId = 2;
    private const byte GetFamily = 3, ConnectCommand = 1, DisconnectCommand = 2, ReconfigureCommand = 3, LinkDead = 4;
    private const ushort Index = 1, SizeBytes = 2, BlockBytes = 3, Timeout = 4, ServerFlags = 5, Sockets = 7, SocketItem = 1, SocketFd = 1, DeadTimeout = 8;
    private const ushort Nested = 0x8000, Acknowledge = 4;
    private const int HeadBytes = 20; // struct nlmsghdr, struct genlmsghdr
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5);

    private readonly FileDescriptor _netlink;
    private readonly byte[] _answer = new byte[8192];
    private ushort _family;
    private uint _group;
    private uint _sequence;

    private NbdKernel(FileDescriptor netlink) => _netlink = netlink;

    /// <summary>ENOENT: the kernel has no nbd (the module is not loaded).</summary>
    public static Errno Open(out NbdKernel? kernel)
    {
        kernel = null;
        var errno = Sys.Socket(Libc.AF_NETLINK, Libc.SOCK_RAW, Libc.NETLINK_GENERIC, out var netlink);
        if (errno != Errno.None) return errno;
        var opened = new NbdKernel(netlink);
        errno = opened.FindFamily();
        if (errno == Errno.None) kernel = opened;
        else opened.Dispose();
        return errno;
    }

    /// <summary>Makes a device of the connection; gives its number.</summary>
    public Errno Connect(FileDescriptor socket, in NbdServer.Export export, out int number)
    {
        var message = new Message(_family, ConnectCommand);
        message.Put64(SizeBytes, export.Bytes);
        message.Put64(BlockBytes, Math.Max(export.BlockBytes, 512));
        message.Put64(Timeout, (ulong)RemoteLimits.Request.TotalSeconds);
        message.Put64(DeadTimeout, (ulong)RemoteLimits.DeadLink.TotalSeconds);
        message.Put64(ServerFlags, export.Flags);
        PutSocket(message, socket);
        number = -1;
        var errno = Ask(message, out var attributes);
        if (errno != Errno.None) return errno;
        number = (int)Number(Find(attributes, Index));
        return number < 0 ? Errno.EPROTO : Errno.None;
    }

    /// <summary>Gives the device a new socket in place of a dead one; none is dead: nothing happens. EINVAL, ENODEV: the device is lost.</summary>
    public Errno Reconnect(int number, FileDescriptor socket)
    {
        var message = new Message(_family, ReconfigureCommand);
        message.Put32(Index, (uint)number);
        PutSocket(message, socket);
        return Ask(message, out _);
    }

    public Errno Disconnect(int number)
    {
        var message = new Message(_family, DisconnectCommand);
        message.Put32(Index, (uint)number);
        return Ask(message, out _);
    }

    /// <summary>From now on <see cref="WaitForDeadLink"/> hears of links that die.</summary>
    public Errno Listen() => _group == 0 ? Errno.ENOENT : Sys.SetSocketOption(_netlink, Libc.SOL_NETLINK, Libc.NETLINK_ADD_MEMBERSHIP, (int)_group);

    /// <summary>Waits, at most until the time that is given, for the link of this device to die.</summary>
    public bool WaitForDeadLink(int number, TimeSpan? deadline)
    {
        while (Sys.WaitReadable(_netlink, deadline) == Errno.None)
        {
            var errno = Sys.ReceiveNetlink(_netlink, _answer, out int count, out uint sender);
            if (errno == Errno.ENOBUFS) return true; // something was lost, and it may have been this
            if (errno != Errno.None || sender != 0 || count < HeadBytes) continue;
            if (_answer[16] == LinkDead && Number(Find(_answer.AsSpan(HeadBytes, count - HeadBytes), Index)) == number) return true;
        }
        return false;
    }

    public void Dispose() => _netlink.Dispose();

    private Errno FindFamily()
    {
        var message = new Message(ControlFamily, GetFamily);
        message.Put(FamilyName, "nbd\0"u8);
        var errno = Ask(message, out var attributes);
        if (errno != Errno.None) return errno;
        _family = (ushort)Number(Find(attributes, FamilyId));
        var groups = Find(attributes, Groups);
        while (groups.Length >= 4)
        {
            var group = Next(ref groups, out _);
            if (Find(group, GroupName).SequenceEqual("nbd_mc_group\0"u8)) _group = (uint)Number(Find(group, GroupId));
        }
        return _family == 0 ? Errno.EPROTO : Errno.None;
    }

    private static void PutSocket(Message message, FileDescriptor socket)
    {
        // sockets: item: fd
        Span<byte> nested = stackalloc byte[12];
        MemoryMarshal.Write(nested, (ushort)12);
        MemoryMarshal.Write(nested[2..], (ushort)(SocketItem | Nested));
        MemoryMarshal.Write(nested[4..], (ushort)8);
        MemoryMarshal.Write(nested[6..], SocketFd);
        MemoryMarshal.Write(nested[8..], (uint)socket.Number);
        message.Put(Sockets | Nested, nested);
    }

    /// <summary>Sends, and gives the attributes of the answer; the acknowledgement ends it.</summary>
    private Errno Ask(Message message, out ReadOnlySpan<byte> attributes)
    {
        attributes = default;
        uint sequence = ++_sequence;
        var errno = Sys.Write(_netlink, message.Finish(sequence), out _);
        if (errno != Errno.None) return errno;
        var deadline = Sys.TimeSinceBoot() + s_answer;
        byte[]? body = null;
        while (true)
        {
            errno = Sys.WaitReadable(_netlink, deadline);
            if (errno != Errno.None) return errno;
            errno = Sys.ReceiveNetlink(_netlink, _answer, out int count, out uint sender);
            if (errno != Errno.None) return errno;
            if (sender != 0 || count < HeadBytes) continue;
            uint length = MemoryMarshal.Read<uint>(_answer);
            if (length < HeadBytes || length > _answer.Length || MemoryMarshal.Read<uint>(_answer.AsSpan(8)) != sequence) continue;
            if (MemoryMarshal.Read<ushort>(_answer.AsSpan(4)) == Libc.NLMSG_ERROR)
            {
                attributes = body;
                return (Errno)(-MemoryMarshal.Read<int>(_answer.AsSpan(16)));
            }
            body = _answer[HeadBytes..(int)length];
        }
    }

    /// <summary>Takes the first attribute off a row of them: its value, and its kind.</summary>
    internal static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> row, out int kind)
    {
        int length = MemoryMarshal.Read<ushort>(row);
        kind = MemoryMarshal.Read<ushort>(row[2..]) & 0x3FFF;
        if (length < 4 || length > row.Length)
        {
            row = default; // not a row of attributes: nothing more can be found in it
            return default;
        }
        var value = row[4..length];
        row = row[Math.Min((length + 3) & ~3, row.Length)..];
        return value;
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> row, int wanted)
    {
        while (row.Length >= 4)
        {
            var value = Next(ref row, out int kind);
            if (kind == wanted) return value;
        }
        return default;
    }

    private static long Number(ReadOnlySpan<byte> value) =>
        value.Length >= 4 ? MemoryMarshal.Read<uint>(value) : value.Length >= 2 ? MemoryMarshal.Read<ushort>(value) : -1;

    /// <summary>A request while it is put together.</summary>
    private sealed class Message
    {
        private readonly byte[] _bytes = new byte[256];
        private int _length = HeadBytes;

        public Message(ushort family, byte command)
        {
            MemoryMarshal.Write(_bytes.AsSpan(4), family);
            MemoryMarshal.Write(_bytes.AsSpan(6), (ushort)(Libc.NLM_F_REQUEST | Acknowledge));
            _bytes[16] = command;
            _bytes[17] = 1; // version
        }

        public void Put(int kind, ReadOnlySpan<byte> value)
        {
            MemoryMarshal.Write(_bytes.AsSpan(_length), (ushort)(4 + value.Length));
            MemoryMarshal.Write(_bytes.AsSpan(_length + 2), (ushort)kind);
            value.CopyTo(_bytes.AsSpan(_length + 4));
            _length += (4 + value.Length + 3) & ~3;
        }

        public void Put64(int kind, ulong value)
        {
            Span<byte> bytes = stackalloc byte[8];
            MemoryMarshal.Write(bytes, value);
            Put(kind, bytes);
        }

        public void Put32(int kind, uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            MemoryMarshal.Write(bytes, value);
            Put(kind, bytes);
        }

        public ReadOnlySpan<byte> Finish(uint sequence)
        {
            MemoryMarshal.Write(_bytes, (uint)_length);
            MemoryMarshal.Write(_bytes.AsSpan(8), sequence);
            return _bytes.AsSpan(0, _length);
        }
    }
}
