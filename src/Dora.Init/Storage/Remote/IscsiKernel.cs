using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// Sessions of iSCSI, which the kernel holds, over its netlink (scsi/iscsi_if.h): a session is a SCSI host with one connection,
/// which gets a connected socket. When the connection dies, the kernel keeps requests for <see cref="RemoteLimits.DeadLink"/>;
/// a socket that has come by then, and has logged in, takes them over.
///
/// The login goes through the kernel, since the number of the next command is in it and only the kernel knows it.
/// Answers come to who has asked; what the server says and what dies is told to all who listen, so there are two sockets.
/// </summary>
internal sealed class IscsiKernel : IDisposable
{
    private const uint CreateSession = 11, DestroySession = 12, CreateConnection = 13, DestroyConnection = 14, BindConnection = 15, SetParameter = 16, StartConnection = 17,
        StopConnection = 18, SendPdu = 19, PduCame = 101, ConnectionDied = 102, Refused = 103;
    private const uint StopForGood = 1, StopToRecover = 3;
    // struct nlmsghdr, and struct iscsi_uevent: type, error, transport, three words and a long of arguments, four words of answer.
    private const int Event = 16, Arguments = Event + 16, Answer = Event + 40, Data = Event + 56;
    private const int NetlinkIscsi = 8, ListenerGroup = 1;
    private const byte LogoutRequest = 0x46;
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(5), s_logout = TimeSpan.FromSeconds(2);

    private readonly FileDescriptor _asks, _hears;
    private readonly ulong _transport;
    private readonly byte[] _buffer = new byte[32 << 10];

    private IscsiKernel(FileDescriptor asks, FileDescriptor hears, ulong transport) => (_asks, _hears, _transport) = (asks, hears, transport);

    /// <summary>ENOENT: the kernel has no iSCSI (the module is not loaded).</summary>
    public static Errno Open(out IscsiKernel? kernel)
    {
        kernel = null;
        if (!ulong.TryParse(SystemText.Line("/sys/class/iscsi_transport/tcp/handle"), NumberStyles.None, CultureInfo.InvariantCulture, out ulong transport)) return Errno.ENOENT;
        var errno = Sys.OpenNetlink(NetlinkIscsi, 0, out var asks);
        if (errno != Errno.None) return errno;
        errno = Sys.OpenNetlink(NetlinkIscsi, ListenerGroup, out var hears);
        if (errno == Errno.None) kernel = new IscsiKernel(asks, hears, transport);
        else asks.Dispose();
        return errno;
    }

    /// <summary>A session with one connection, number 0, which has no socket yet.</summary>
    public Errno Create(out uint session, out uint host)
    {
        // The number of the first command; 128 at a time, 32 for each disk.
        var errno = Ask(CreateSession, [1, 128 | 32 << 16]);
        session = Number(Answer);
        host = Number(Answer + 4);
        if (errno != Errno.None) return errno;
        errno = Ask(CreateConnection, [session, 0]);
        if (errno != Errno.None) Destroy(session);
        return errno;
    }

    public Errno Bind(uint session, FileDescriptor socket) => Ask(BindConnection, [session, 0, (uint)socket.Number, 0, 1], saysResult: true);

    public Errno Set(uint session, int parameter, string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value + "\0");
        return Ask(SetParameter, [session, 0, (uint)parameter, (uint)text.Length], text);
    }

    /// <summary>From now on it takes requests.</summary>
    public Errno Start(uint session) => Ask(StartConnection, [session, 0], saysResult: true);

    /// <summary>Keeps requests back until there is another connection, as the kernel itself does when one dies.</summary>
    public void Stop(uint session) => _ = Ask(StopConnection, [session, 0, 0, 0, StopToRecover]);

    /// <summary>One message of the login.</summary>
    public Errno Send(uint session, byte[] pdu) =>
        Ask(SendPdu, [session, 0, IscsiLogin.HeadBytes, (uint)(pdu.Length - IscsiLogin.HeadBytes)], pdu, saysResult: true);

    /// <summary>What the server answers to it.</summary>
    public Errno Receive(uint session, TimeSpan deadline, out ReadOnlySpan<byte> pdu)
    {
        pdu = default;
        while (true)
        {
            var errno = Hear(deadline, out int count);
            if (errno != Errno.None) return errno;
            if (Number(Answer) != session) continue;
            if (Number(Event) == ConnectionDied) return Errno.ENODATA;
            if (Number(Event) != PduCame || count < Data + IscsiLogin.HeadBytes) continue;
            pdu = _buffer.AsSpan(Data, count - Data);
            return Errno.None;
        }
    }

    /// <summary>Waits until something was told, whatever it is, and at most until the deadline.</summary>
    public Errno Hear(TimeSpan deadline, out int count)
    {
        count = 0;
        var errno = Sys.WaitReadable(_hears, deadline);
        if (errno != Errno.None) return errno;
        errno = Sys.ReceiveNetlink(_hears, _buffer, out count, out uint sender);
        if (errno == Errno.None && (sender != 0 || count < Data)) _buffer.AsSpan(0, Data).Clear();
        return errno;
    }

    public void Destroy(uint session)
    {
        var logout = new byte[IscsiLogin.HeadBytes];
        (logout[0], logout[1]) = (LogoutRequest, 0x80);
        if (IsUp(session) && Send(session, logout) == Errno.None) _ = Receive(session, Sys.TimeSinceBoot() + s_logout, out _);
        _ = Ask(StopConnection, [session, 0, 0, 0, StopForGood]);
        _ = Ask(DestroyConnection, [session, 0]);
        _ = Ask(DestroySession, [session]);
    }

    public static bool IsUp(uint session) => SystemText.Line("/sys/class/iscsi_connection/connection" + session.ToString(CultureInfo.InvariantCulture) + ":0/state") == "up";

    public void Dispose()
    {
        _asks.Dispose();
        _hears.Dispose();
    }

    private Errno Ask(uint type, ReadOnlySpan<uint> arguments, ReadOnlySpan<byte> data = default, bool saysResult = false)
    {
        var message = new byte[Data + data.Length];
        MemoryMarshal.Write(message, (uint)message.Length);
        MemoryMarshal.Write(message.AsSpan(4), (ushort)type);
        MemoryMarshal.Write(message.AsSpan(Event), type);
        MemoryMarshal.Write(message.AsSpan(Event + 8), _transport);
        MemoryMarshal.AsBytes(arguments).CopyTo(message.AsSpan(Arguments));
        data.CopyTo(message.AsSpan(Data));
        var errno = Sys.Write(_asks, message, out _);
        var deadline = Sys.TimeSinceBoot() + s_answer;
        while (errno == Errno.None)
        {
            int count = 0;
            errno = Sys.WaitReadable(_asks, deadline);
            if (errno == Errno.None) errno = Sys.ReceiveNetlink(_asks, _buffer, out count, out _);
            if (errno != Errno.None || count < Data) continue;
            // Results and errors are numbers of errno, below zero.
            if (Number(Event) == Refused) return (Errno)(-(int)Number(Event + 4));
            if (Number(Event) == type) return saysResult ? (Errno)(-(int)Number(Answer)) : Errno.None;
        }
        return errno;
    }

    private uint Number(int at) => MemoryMarshal.Read<uint>(_buffer.AsSpan(at));
}
