using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Syslog;

/// <summary>
/// Collects lines and answers queries, on one loop.
///
/// Lines come from these sources: <c>/dev/log</c> (<see cref="LogServer"/>.DevLog.cs), <c>/dev/kmsg</c>
/// (.Kernel.cs) and the pipes of services (<see cref="LogStream"/>); from other machines where that is wanted (.Receiving.cs). Each is looked at, put into the <see cref="LogRing"/> by
/// <see cref="Add"/>, and taken out of its source exactly once, though this process is killed at any instruction
/// (LogRing.Taking.cs). <see cref="Added"/> is called when lines stand: clients (<see cref="LogReader"/>) and the files
/// (<see cref="Store.StoreFeed"/>) read them from the ring. Every wake-up does a bounded piece of work, so a writer at full speed takes turns with
/// the rest.
///
/// The manager sends pipes and queries on the channel (see <see cref="ChannelMessage"/>). Nothing here depends on the
/// manager being alive, and no line depends on this process: pipes, /dev/log and the channel are held by the guard, and so
/// is the memory of the ring.
///
/// With nothing to do there are no wake-ups: the sweep (lines without end, readers that take nothing) runs twice a second
/// only while there is one of either.
/// </summary>
internal sealed partial class LogServer
{
    public const byte OwnPriority = 5 * 8 + 5; // syslog.notice

    // A hundred may watch at once. Each holds at most one batch that its socket did not take (16 KiB; 64 for a line as long).
    // Some places are root's, or a user without rights could keep everybody from reading.
    private const int MaximumReaders = 128, ReservedReaders = 16, MaximumHistories = 8;
    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<long, LogStream> _streams = [];
    private readonly List<LogReader> _readers = [];
    private readonly Action _pumpReaders;
    private bool _isClosed, _pumpIsPosted;
    private ulong _pumpedTo;
    private LoopTimer? _sweep, _signOfLife;

    public LogServer(EventLoop loop, LogRing ring)
    {
        Loop = loop;
        Ring = ring;
        _pumpReaders = PumpReaders;
        Sys.Pipe(out var read, out var write).ThrowIfError("pipe2");
        PeekPipe = (read, write);
        loop.Failed = (owner, exception) => Note($"{owner}: {exception.Message}");
        if (ring.Rates?.HasUntold == true) WantSweep();
    }

    public EventLoop Loop { get; }

    public LogRing Ring { get; }

    /// <summary>What a source reads into: of use only during one event.</summary>
    public byte[] Buffer { get; } = new byte[64 * 1024];

    /// <summary>What pipes are looked at through: empty before and after.</summary>
    public (FileDescriptor Read, FileDescriptor Write) PeekPipe { get; }

    /// <summary>What a reader writes JSON into: holds the longest line there is, of use only during one event.</summary>
    public byte[] Scratch { get; } = new byte[64 * 1024];

    /// <summary>A line without end is given out after this pause.</summary>
    public TimeSpan LinePatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A reader that takes nothing for so long is dropped.</summary>
    public TimeSpan ReaderPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>One who follows and hears nothing for so long gets an empty line.</summary>
    public TimeSpan SignOfLife { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Starts the process that writes files; gives why not.</summary>
    public Func<FileDescriptor, FileDescriptor, StoreLimits, string?> StartStore { get; init; } = Store.StoreFeed.Launch;

    /// <summary>There where lines are kept in files, too.</summary>
    public Store.StoreFeed? Files => _store;

    public int StreamCount => _streams.Count;

    /// <summary>Half a line is in a pipe.</summary>
    public bool HasPartial
    {
        get
        {
            foreach (var stream in _streams.Values)
                if (stream.HasPartial) return true;
            return false;
        }
    }

    public int ReaderCount => _readers.Count;

    /// <summary>Stamps a line where it has no time yet, keeps it, and lets the readers know once it stands.</summary>
    public void Add(LogEntry entry)
    {
        if (entry.TimeUs == 0) (entry.TimeUs, entry.BootUs) = Stamp();
        Ring.Append(entry);
        if (!Ring.IsTaking) Added();
    }

    /// <summary>There are new lines, and nothing takes them back any more.</summary>
    public void Added()
    {
        if (_readers.Count == 0 && _store is null) return;
        // Many short lines make more records than the ring holds: a reader that keeps up must not lose any of them.
        if (Ring.Newest.Offset - _pumpedTo > Ring.Capacity / 4) PumpReaders();
        PostPump();
    }

    private void PostPump()
    {
        if (_pumpIsPosted || (_readers.Count == 0 && _store is null)) return;
        _pumpIsPosted = true;
        Loop.Post("readers", _pumpReaders);
    }

    /// <summary>A line of our own.</summary>
    public void Note(string text) =>
        Add(new LogEntry { Priority = OwnPriority, Source = LogSource.Self, Service = "syslog"u8, Text = Encoding.UTF8.GetBytes(text) });

    public void AddStream(long id, LogSource source, string service, FileDescriptor pipe)
    {
        if (_streams.ContainsKey(id) || Sys.SetNonBlocking(pipe) != Errno.None)
        {
            pipe.Dispose();
            return;
        }
        _streams.Add(id, new LogStream(this, id, Encoding.UTF8.GetBytes(service), source, pipe));
    }

    public void EndStream(LogStream stream)
    {
        stream.Close();
        Ring.Forget(stream.Id);
        if (_streams.Remove(stream.Id)) TellEnded(stream.Id);
        PostPump(); // it may be what a reader waits for
    }

    /// <summary>Whether an output of the service may still bring lines.</summary>
    public bool HasStreamOf(ReadOnlySpan<byte> service)
    {
        foreach (var stream in _streams.Values)
            if (stream.Service.SequenceEqual(service)) return true;
        return false;
    }

    /// <summary>Answers a query on <paramref name="connection"/>, which is ours from here on.</summary>
    public void Serve(FileDescriptor connection, LogQuery query)
    {
        if (Sys.SetNonBlocking(connection) != Errno.None)
        {
            connection.Dispose();
            return;
        }
        bool isRoot = Sys.PeerCredentials(connection, out var peer) == Errno.None && peer.uid == 0;
        if (_readers.Count >= (isRoot ? MaximumReaders : MaximumReaders - ReservedReaders))
        {
            Refuse(connection, 503, "log.busy", "logs: too many readers at once: close one and try again");
            connection.Dispose();
            return;
        }
        if (query.Status)
        {
            _ = Sys.Write(connection, HttpResponse.Format(200, HttpResponse.Json, JsonMapWriter.Write(Status()), keepAlive: false), out _);
            connection.Dispose();
            return;
        }
        bool isInFilesOnly = query.Boots || (query.Boot is { } boot && boot != "0" && !Store.StoreProcess.BootId().StartsWith(boot, StringComparison.Ordinal));
        if (isInFilesOnly && Files is null)
        {
            if (query.Boots) _ = Sys.Write(connection, [.. HttpResponse.StreamHead(HttpResponse.Ndjson), .. Store.StoreHistory.BootLine(0, Store.StoreProcess.BootId()[..8], null, null, 0)], out _);
            else Refuse(connection, 404, "log.no-boot", "logs: there is no storage, so there are lines of this boot only");
            connection.Dispose();
            return;
        }
        var reader = new LogReader(this, connection, query, isInFilesOnly);
        _readers.Add(reader);
        reader.Pump();
        GiveSignsOfLife();
    }

    private static void Refuse(FileDescriptor connection, int status, string error, string message)
    {
        byte[] body = Encoding.UTF8.GetBytes($"{{\"error\":\"{error}\",\"message\":\"{message}\",\"data\":{{}}}}\n");
        _ = Sys.Write(connection, HttpResponse.Format(status, HttpResponse.Json, body, keepAlive: false), out _);
    }

    /// <summary>Starts a process that answers from files; gives why not. Few at once: each reads a disk, and may read all of it.</summary>
    public string? StartHistory(FileDescriptor connection, FileDescriptor folder, FileDescriptor done, LogQuery query, long before, bool withHead)
    {
        int reading = 0;
        foreach (var reader in _readers)
            if (reader.ReadsFiles) reading++;
        return reading >= MaximumHistories ? "too many read files at once"
            : StartHistoryProcess(connection, folder, done, query, before, withHead);
    }

    /// <summary>For tests, which have no other process.</summary>
    public Func<FileDescriptor, FileDescriptor, FileDescriptor, LogQuery, long, bool, string?> StartHistoryProcess { get; init; } =
        (connection, folder, done, query, before, withHead) => OwnProcess.Start("history", [connection, folder, done],
            Convert.ToHexStringLower(query.Encode()), before.ToString(System.Globalization.CultureInfo.InvariantCulture), withHead ? "head" : "-");

    public void EndReader(LogReader reader)
    {
        reader.Close();
        _readers.Remove(reader);
    }

    /// <summary>Something waits for time to pass: see to it that <see cref="Sweep"/> runs.</summary>
    public void WantSweep() => _sweep ??= Loop.After(s_sweepInterval, "sweep", Sweep);

    /// <summary>
    /// An orderly end. What is unread, half lines too, stays where it is and is read by the next syslog; the readers get
    /// what there is, and <paramref name="then"/> is called when the files have it, too.
    /// </summary>
    public void Leave(Action then)
    {
        TakeWhatHasCome();
        PumpReaders();
        if (_store is null) then();
        else _store.Leave(then);
    }

    /// <summary>Closes everything that was handed in.</summary>
    public void Close()
    {
        _isClosed = true;
        PeekPipe.Read.Dispose();
        PeekPipe.Write.Dispose();
        foreach (var stream in _streams.Values) stream.Close();
        _streams.Clear();
        foreach (var reader in _readers) reader.Close();
        _readers.Clear();
        CloseSources();
    }

    /// <summary>Only while somebody follows is there a timer.</summary>
    private void GiveSignsOfLife()
    {
        if (_signOfLife is not null) return;
        bool isWanted = false;
        foreach (var reader in _readers)
        {
            reader.GiveSignOfLife(EventLoop.Now - SignOfLife / 2);
            isWanted |= reader.Follows;
        }
        if (!isWanted) return;
        _signOfLife = Loop.After(SignOfLife / 2, "readers", () =>
        {
            _signOfLife = null;
            GiveSignsOfLife();
        });
    }

    private void PumpReaders()
    {
        if (_isClosed) return; // it was posted before that
        _pumpIsPosted = false;
        _pumpedTo = Ring.Newest.Offset;
        _store?.Gather();
        // Backwards: a reader may end and leave the list.
        for (int i = _readers.Count - 1; i >= 0; i--) _readers[i].Pump();
    }

    private void Sweep()
    {
        _sweep = null;
        var now = EventLoop.Now;
        bool isWanted = false;
        foreach (var stream in _streams.Values)
        {
            if (stream.HasPartial) stream.FlushPartial(now - LinePatience);
            isWanted |= stream.HasPartial;
        }
        for (int i = _readers.Count - 1; i >= 0; i--)
        {
            var reader = _readers[i];
            if (reader.IsStuck(now - ReaderPatience)) EndReader(reader);
            else isWanted |= reader.IsBehind;
        }
        if (isWanted | TellDropped(now)) WantSweep();
    }

    /// <summary>Microseconds since 1970, and since boot.</summary>
    public static (long Us, long BootUs) Stamp() => ((DateTime.UtcNow - DateTime.UnixEpoch).Ticks / 10, EventLoop.Now.Ticks / 10);
}
