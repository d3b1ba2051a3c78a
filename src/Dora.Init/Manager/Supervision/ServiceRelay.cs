using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Init.Relay;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// What makes a transient service an interactive session: its main process is a relay (Relay/RelayProcess) between the command and its
/// clients. Until that is started the first client's connection is kept here, and gets the answer if nothing comes of it.
/// The socket to the relay, by which further clients are passed on, is kept by the guard, so that the next manager has it too.
/// </summary>
internal sealed class ServiceRelay : IDisposable
{
    public const string StorePrefix = "session:";
    private const int LongestName = 100; // the guard's limit is more

    private readonly IDescriptorStore _store;
    private readonly string _storeName;
    private FileDescriptor? _toRelay;

    private ServiceRelay(IDescriptorStore store, string name, SavedRelay saved)
    {
        _store = store;
        _storeName = StorePrefix + StableName.Of(name, LongestName);
        Saved = saved;
    }

    /// <summary>What the next manager has to know.</summary>
    public SavedRelay Saved { get; }

    /// <summary>How the first client wants it; null once it is launched, or will not be.</summary>
    public RelayOpening? Opening { get; private set; }

    /// <summary>A new session. The opening is its own from here on.</summary>
    public static ServiceRelay Open(IDescriptorStore store, string name, SavedRelay saved, RelayOpening opening)
    {
        var relay = new ServiceRelay(store, name, saved) { Opening = opening };
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out relay._toRelay, out var ofRelay).ThrowIfError("socketpair", "session");
        relay._toRelay = Sys.OutOfTheWay(relay._toRelay);
        opening.Attach = ofRelay;
        store.Put(relay._storeName, relay._toRelay);
        return relay;
    }

    /// <summary>After a restart of the manager.</summary>
    public static ServiceRelay Restore(Supervisor supervisor, string name, SavedRelay saved)
    {
        var relay = new ServiceRelay(supervisor.Store, name, saved);
        relay._toRelay = supervisor.TakeRestored(relay._storeName);
        return relay;
    }

    /// <summary>The relay has all that it needs.</summary>
    public void Launched()
    {
        Opening?.Dispose();
        Opening = null;
    }

    /// <summary>The service has moved: a session that is over has no socket, and a client that still waits is told why.</summary>
    public void Follow(string name, ServiceState state)
    {
        if (!state.IsDown && state.Phase is not ServicePhase.Done) return;
        if (Opening is { } opening)
        {
            opening.Refuse("session.launch-failed", $"{name}: {state.Reason ?? "was stopped before it was started"}", state.ResultErrno);
            Launched();
        }
        Close();
    }

    /// <summary>Passes a client on; what the relay got is a duplicate.</summary>
    public Errno Attach(FileDescriptor connection, AttachRequest request) =>
        _toRelay is null ? Errno.ENOTCONN : Sys.Send(_toRelay, request.Encode(), connection, Libc.MSG_DONTWAIT);

    private void Close()
    {
        if (_toRelay is null) return;
        _store.Remove(_storeName);
        _toRelay.Dispose();
        _toRelay = null;
    }

    public void Dispose()
    {
        Launched();
        Close();
    }
}

/// <summary>The client that a session is opened for, and what it has asked for.</summary>
internal sealed class RelayOpening(FileDescriptor connection, byte[] rest) : IDisposable
{
    public FileDescriptor Connection { get; } = connection;

    /// <summary>What it sent behind its request.</summary>
    public byte[] Rest { get; } = rest;

    /// <summary>The relay's end of the socket for further clients.</summary>
    public FileDescriptor? Attach { get; set; }

    public bool IsTerminal { get; init; }
    public ushort Rows { get; init; }
    public ushort Columns { get; init; }
    public bool HasInput { get; init; }

    /// <summary>Into an empty buffer; whether it arrives is the client's concern.</summary>
    public void Refuse(string error, string message, Errno errno)
    {
        var data = new Dictionary<string, string>();
        if (errno != Errno.None) data["errno"] = errno.ToString();
        byte[] json = JsonMapWriter.Write(new ErrorBody(error, message, data));
        _ = Sys.Write(Connection, HttpResponse.Format(409, HttpResponse.Json, [.. json, (byte)'\n'], keepAlive: false), out _);
    }

    public void Dispose()
    {
        Connection.Dispose();
        Attach?.Dispose();
    }
}
