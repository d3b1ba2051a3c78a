using System.Buffers;
using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Supervision;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;

namespace Dora.Init.Manager.Feed;

/// <summary>
/// Tells clients what happens (<c>GET /v1/events</c>), as NDJSON or as Server-Sent Events from the same journal.
///
/// What happens in a batch of the loop is collected, written to the journal before the state is saved, and sent to clients after
/// that: a client never hears of what the next manager would not know, and after a manager's death an event may come twice (with
/// another id), but none is missing.
/// </summary>
internal sealed class EventFeed
{
    private const int MaxFollowers = 64, ReservedFollowers = 16;
    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(15), s_look = TimeSpan.FromSeconds(5);

    private readonly EventLoop _loop;
    private readonly EventJournal _journal;
    private readonly Dictionary<string, string> _told = []; // the state of each service that clients know of
    private readonly List<Follower> _followers = [];
    private readonly ArrayBufferWriter<byte> _batch = new();
    private long _lastId;
    private string _machine = MachineStatus.Running;
    private string? _storage, _storageReason;
    private bool _isLooking;

    private sealed record Follower(ControlStream Stream, bool IsServerSent);

    public EventFeed(EventLoop loop, IDescriptorStore store)
    {
        _loop = loop;
        _journal = EventJournal.Open(store, Learn);
        _lastId = _journal.LastId;
    }

    /// <summary>As it was told last; null before anything has happened to it.</summary>
    public string? Storage => _storage;

    public int FollowerCount => _followers.Count;

    public long LastId => _lastId;

    public void ServiceMoved(Service service)
    {
        string state = MachineReports.StateName(service);
        string? before = _told.GetValueOrDefault(service.Name);
        if (before == state) return;
        _told[service.Name] = state;
        Emit(new EventInfo
        {
            Id = 0,
            Kind = EventKinds.ServiceState,
            Service = service.Name,
            Before = before,
            After = state,
            Pid = service.State.Pid != 0 ? service.State.Pid : null,
            Reason = service.State.Reason,
            Result = MachineReports.ResultOf(service.State.Result),
        });
    }

    public void ServiceRemoved(string name)
    {
        if (_told.Remove(name, out string? before)) Emit(new EventInfo { Id = 0, Kind = EventKinds.ServiceRemoved, Service = name, Before = before });
    }

    public void ChangeMoved(ChangeInfo change) => Emit(new EventInfo
    {
        Id = 0,
        Kind = EventKinds.Change,
        Service = change.Service,
        Change = change.Id,
        Verb = change.Verb,
        Status = change.Status,
        Before = change.Before,
        After = change.After,
        Reason = change.Error?.Message,
    });

    /// <summary>Tells of ends that are planned, begin or are taken back.</summary>
    public void MachineIs(MachineStatus status)
    {
        string now = status.State == MachineStatus.Running ? status.State : $"{status.State} {status.Verb} {status.At?.BootMs / 1000}";
        if (now == _machine) return;
        _machine = now;
        Emit(new EventInfo { Id = 0, Kind = EventKinds.Machine, Status = status.State, Verb = status.Verb, Reason = status.Message ?? status.By });
    }

    public void DiskMoved(string kind, string disk, string? reason) => Emit(new EventInfo { Id = 0, Kind = kind, Disk = disk, Reason = reason });

    /// <summary>Tells how storage is, if that is news.</summary>
    /// <param name="state">One of <see cref="StorageStates"/>.</param>
    /// <param name="disk">The disk that somebody has moved or done something with: then another reason is news, too.</param>
    /// <param name="reason">Why it is so, or what was done.</param>
    /// <param name="isDone">Something was done: news in any case.</param>
    public void StorageIs(string state, string? disk, string? reason, bool isDone)
    {
        string before = _storage ?? StorageReport.Saved("")?.State ?? StorageStates.Memory;
        if (!isDone && state == before && (disk is null || state == StorageStates.Ready || reason == _storageReason)) return;
        Learn(new EventInfo { Id = 0, Kind = EventKinds.StorageChanged, After = state, Reason = reason });
        Emit(new EventInfo { Id = 0, Kind = EventKinds.StorageChanged, Disk = disk, Before = before, After = state, Reason = reason });
        if (state is StorageStates.Failed or StorageStates.Degraded) Log.Error($"storage: {state}: {reason}");
        else Log.Info($"storage: {state}: {reason}");
    }

    public void ManagerStarted() => Emit(new EventInfo { Id = 0, Kind = EventKinds.ManagerStarted });

    private void Emit(EventInfo info)
    {
        JsonMapWriter.WriteTo(_batch, info with { Id = ++_lastId, At = Moment.At(EventLoop.Now, DateTime.UtcNow) });
        _batch.Write("\n"u8);
    }

    /// <summary>To be called before the state is saved.</summary>
    public void WriteDown()
    {
        if (_batch.WrittenCount == 0) return;
        try
        {
            _journal.Append(_batch.WrittenSpan, _lastId);
        }
        catch (LinuxException exception)
        {
            // Who follows hears of it all the same, and the state, which matters more, is still to be saved.
            Log.Error($"events: {exception.Message}: {_lastId} and what led to it are not kept");
        }
    }

    /// <summary>To be called once the state is saved.</summary>
    public void Deliver()
    {
        if (_batch.WrittenCount == 0) return;
        byte[]? serverSent = null;
        // From the end: whoever is dropped for being slow leaves the list.
        for (int i = _followers.Count - 1; i >= 0; i--)
            _followers[i].Stream.Push(_followers[i].IsServerSent ? serverSent ??= ServerSent(_batch.WrittenSpan) : _batch.WrittenSpan);
        _batch.ResetWrittenCount();
    }

    /// <summary>What is kept behind <paramref name="after"/>, as NDJSON.</summary>
    public byte[] Kept(long after)
    {
        // From another boot, or older than what is kept: the reader is told how many it has missed.
        long lost = after > _journal.LastId ? -1 : Math.Max(_journal.FirstId - after - 1, 0);
        byte[] lines = _journal.ReadBehind(lost < 0 ? 0 : after);
        if (lost == 0 || after == 0) return lines;
        var line = new ArrayBufferWriter<byte>();
        JsonMapWriter.WriteTo(line, new EventInfo { Id = Math.Max(_journal.FirstId - 1, 0), Kind = EventKinds.Lost, Lost = lost < 0 ? null : lost });
        line.Write("\n"u8);
        line.Write(lines);
        return line.WrittenSpan.ToArray();
    }

    /// <summary>Sends what is kept and then what comes. False if there are too many followers, or no descriptor for one more.</summary>
    public bool Follow(FileDescriptor connection, Access access, long after, bool isServerSent)
    {
        if (_followers.Count >= (access == Access.Read ? MaxFollowers - ReservedFollowers : MaxFollowers)) return false;
        if (Sys.Duplicate(connection, out var own) != Errno.None) return false;
        var stream = new ControlStream(_loop, own, Ended);
        _followers.Add(new Follower(stream, isServerSent));
        stream.Push(HttpResponse.StreamHead(isServerSent ? HttpResponse.EventStream : HttpResponse.Ndjson));
        byte[] kept = Kept(after);
        if (kept.Length > 0) stream.Push(isServerSent ? ServerSent(kept) : kept);
        Look();
        return true;
    }

    private void Ended(ControlStream stream) => _followers.RemoveAll(follower => follower.Stream == stream);

    private void Look()
    {
        if (_isLooking || _followers.Count == 0) return;
        _isLooking = true;
        _loop.After(s_look, "events", () =>
        {
            _isLooking = false;
            for (int i = _followers.Count - 1; i >= 0; i--)
            {
                var (stream, isServerSent) = _followers[i];
                if (stream.IsStuck) stream.Dispose();
                else if (EventLoop.Now - stream.LastSent >= s_signOfLife) stream.Push(isServerSent ? ":\n\n"u8 : "\n"u8);
            }
            Look();
        });
    }

    /// <summary>Each line as an event with its id and kind, as the HTML standard has it (section 9.2.5).</summary>
    private static byte[] ServerSent(ReadOnlySpan<byte> lines)
    {
        var text = new ArrayBufferWriter<byte>(lines.Length * 2);
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOf((byte)'\n');
            var line = lines[..end];
            var info = JsonMapReader.Read<EventInfo>(line);
            text.Write(Encoding.UTF8.GetBytes($"id: {info.Id}\nevent: {info.Kind}\ndata: "));
            text.Write(line);
            text.Write("\n\n"u8);
            lines = lines[(end + 1)..];
        }
        return text.WrittenSpan.ToArray();
    }

    /// <summary>What the last manager has told.</summary>
    private void Learn(EventInfo info)
    {
        if (info is { Kind: EventKinds.ServiceState, Service: { } service, After: { } state }) _told[service] = state;
        else if (info is { Kind: EventKinds.ServiceRemoved, Service: { } gone }) _told.Remove(gone);
        else if (info.Kind == EventKinds.StorageChanged) (_storage, _storageReason) = (info.After, info.Reason);
    }
}
