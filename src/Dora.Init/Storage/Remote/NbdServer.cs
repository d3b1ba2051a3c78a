using System.Buffers.Binary;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The first words with a server of network block devices (the "fixed newstyle" negotiation of the NBD protocol,
/// doc/proto.md of the nbd project): which export, how large. Behind them the socket is the kernel's.
/// </summary>
internal static class NbdServer
{
    private const ulong Greeting = 0x4e42444d41474943; // NBDMAGIC
    private const ulong OptionMagic = 0x49484156454f5054; // IHAVEOPT
    private const ulong ReplyMagic = 0x0003e889045565a9;
    private const ushort FixedNewstyle = 1, NoZeroes = 2;
    private const uint OptionGo = 7;
    private const uint ReplyAck = 1, ReplyInfo = 3, ErrorBit = 1u << 31;
    private const ushort InfoExport = 0, InfoBlockSize = 3;
    private const int LongestReply = 64 << 10, MostReplies = 64;

    /// <summary>What the server says about an export.</summary>
    internal struct Export
    {
        public ulong Bytes;
        public ushort Flags;
        public uint BlockBytes;
    }

    /// <summary>Connects and negotiates; null, or what is wrong in words. The socket is the caller's where there is one.</summary>
    public static string? Open(in RemoteStorageName place, byte[] address, TimeSpan deadline, out FileDescriptor? socket, out Export export)
    {
        export = default;
        string? problem = ServerAddress.Connect(place, address, deadline, out socket);
        if (problem is null) problem = Negotiate(socket!, place.Path, deadline, out export);
        if (problem is null) return null;
        socket?.Dispose();
        socket = null;
        return problem;
    }

    /// <summary>The negotiation alone, over a connected stream.</summary>
    internal static string? Negotiate(FileDescriptor socket, string name, TimeSpan deadline, out Export export)
    {
        export = new Export { BlockBytes = 1 };
        Span<byte> head = stackalloc byte[20];
        var errno = Receive(socket, head[..18], deadline);
        if (errno != Errno.None) return Lost(errno);
        if (BinaryPrimitives.ReadUInt64BigEndian(head) != Greeting || BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != OptionMagic)
            return "what answers is not a server of network block devices";
        ushort offered = BinaryPrimitives.ReadUInt16BigEndian(head[16..]);
        if ((offered & FixedNewstyle) == 0) return "the server speaks an old form of the protocol (fixed newstyle is needed)";

        byte[] request = Request(name, offered);
        errno = Sys.Send(socket, request, null);
        if (errno != Errno.None) return Lost(errno);
        for (int i = 0; i < MostReplies; i++)
        {
            errno = Receive(socket, head, deadline);
            if (errno != Errno.None) return Lost(errno);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(head[12..]), length = BinaryPrimitives.ReadUInt32BigEndian(head[16..]);
            if (BinaryPrimitives.ReadUInt64BigEndian(head) != ReplyMagic || BinaryPrimitives.ReadUInt32BigEndian(head[8..]) != OptionGo || length > LongestReply)
                return "the server's answer is not one";
            var body = new byte[length];
            errno = Receive(socket, body, deadline);
            if (errno != Errno.None) return Lost(errno);
            if (type == ReplyAck) return export.Bytes == 0 ? "the export has no size" : null;
            if ((type & ErrorBit) != 0) return Refused(type & ~ErrorBit, name, body);
            if (type == ReplyInfo) TakeInfo(body, ref export);
        }
        return "the server's answer has no end";
    }

    private static byte[] Request(string name, ushort offered)
    {
        int length = Encoding.UTF8.GetByteCount(name);
        var request = new byte[4 + 16 + 4 + length + 4];
        var to = request.AsSpan();
        BinaryPrimitives.WriteUInt32BigEndian(to, (uint)(offered & (FixedNewstyle | NoZeroes)));
        BinaryPrimitives.WriteUInt64BigEndian(to[4..], OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(to[12..], OptionGo);
        BinaryPrimitives.WriteInt32BigEndian(to[16..], 4 + length + 4);
        BinaryPrimitives.WriteInt32BigEndian(to[20..], length);
        Encoding.UTF8.GetBytes(name, to[24..]);
        BinaryPrimitives.WriteUInt16BigEndian(to[(24 + length)..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(to[(26 + length)..], InfoBlockSize);
        return request;
    }

    private static void TakeInfo(ReadOnlySpan<byte> body, ref Export export)
    {
        if (body.Length < 2) return;
        ushort kind = BinaryPrimitives.ReadUInt16BigEndian(body);
        if (kind == InfoExport && body.Length >= 12)
        {
            export.Bytes = BinaryPrimitives.ReadUInt64BigEndian(body[2..]);
            export.Flags = BinaryPrimitives.ReadUInt16BigEndian(body[10..]);
        }
        else if (kind == InfoBlockSize && body.Length >= 14) export.BlockBytes = BinaryPrimitives.ReadUInt32BigEndian(body[2..]);
    }

    private static string Refused(uint error, string name, byte[] words)
    {
        string export = name.Length == 0 ? "the default export" : $"the export '{Printable.Text(name)}'";
        string said = words.Length == 0 ? "" : $": {Printable.Text(Encoding.UTF8.GetString(words), 200)}";
        return error switch
        {
            1 => "the server is too old: it does not know NBD_OPT_GO" + said,
            2 => $"the server does not give {export} to this machine" + said,
            5 => $"the server gives {export} by TLS only, which is not supported" + said,
            6 => $"the server does not have {export}" + said,
            7 => "the server is being shut down" + said,
            _ => $"the server refuses {export} (error {error})" + said,
        };
    }

    internal static string Lost(Errno errno) => errno switch
    {
        Errno.ETIMEDOUT => "the server does not answer",
        Errno.ENODATA => "the server closes the connection (does it know this machine and this export?)",
        _ => errno.Describe(),
    };

    private static Errno Receive(FileDescriptor socket, Span<byte> buffer, TimeSpan deadline)
    {
        while (!buffer.IsEmpty)
        {
            var errno = Sys.WaitReadable(socket, deadline);
            if (errno != Errno.None) return errno;
            errno = Sys.Read(socket, buffer, out int count);
            if (errno == Errno.EAGAIN) continue;
            if (errno == Errno.None && count == 0) errno = Errno.ENODATA;
            if (errno != Errno.None) return errno;
            buffer = buffer[count..];
        }
        return Errno.None;
    }
}
