using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Init.Manager.Logging;

/// <summary>
/// The manager's side of logging: makes the pipes of services and hands them, and queries, to syslog.
///
/// Everything that syslog works on is held here and in the guard's store: /dev/log's socket, both ends of the channel,
/// the memory of the ring and the read end of every pipe. Either process may die at any moment:
/// - syslog dies: writers fill their pipes meanwhile. The new one says Hello and gets every pipe again.
/// - the manager dies: the new one finds the descriptors in the store by name and sends every pipe again; syslog knows
///   those it has by their id.
/// A pipe lives until syslog has read it to its end and says so (StreamEnded), not until the process is gone: so the
/// last words of a service that died while there was no syslog are read too. Two pipes for each start of a service.
///
/// Ids are microseconds since boot, or one more than the last: a stale StreamEnded can never mean a newer pipe.
/// Nothing here blocks: what the channel does not take waits in <see cref="_due"/>, and a query is refused.
/// </summary>
internal sealed class LogHub
{
    private const string DevLogName = "log-dev-log", RingName = "log-ring";
    private const string ManagerEndName = "log-channel-manager", SyslogEndName = "log-channel-syslog";
    private const string PipePrefix = "log-pipe:";

    /// <summary>Pipes of dead processes that nobody reads, as when syslog is stopped and a service keeps restarting.</summary>
    private const int UnreadPipesPerService = 16;

    /// <summary>With a syslog a pipe that is here has writers: what runs of a service left behind, as jobs that start something in the background do.</summary>
    private const int PipesPerService = 256;

    private static readonly TimeSpan s_retryInterval = TimeSpan.FromSeconds(1);

    private readonly EventLoop _loop;
    private readonly IDescriptorStore _store;
    private readonly Action<string> _warn;
    private readonly FileDescriptor _channel;
    private readonly FileDescriptor _syslogEnd;
    private readonly FileDescriptor? _devLog;
    private readonly FileDescriptor _ring;
    private readonly Watch _watch;
    private readonly SortedDictionary<long, Pipe> _streams = [];
    private readonly Queue<long> _due = new(); // of _streams: those that syslog has not got, in order; or that are gone
    private readonly Dictionary<string, int> _pipesOf = []; // by service; a thousand services must not look at each other's
    private bool _isRoomWaitedFor, _knowsRates;
    private FileDescriptor? _kernel;
    private long _lastId;
    private bool _syncIsDue;
    private LoopTimer? _retry;

    private sealed class Pipe(string storeName, string service, LogSource source, FileDescriptor readEnd)
    {
        public string StoreName { get; } = storeName;
        public string Service { get; } = service;
        public LogSource Source { get; } = source;
        public FileDescriptor ReadEnd { get; } = readEnd;
        public bool IsSent { get; set; }
    }

    /// <param name="loop">The manager's.</param>
    /// <param name="store">What an earlier manager left is taken over.</param>
    /// <param name="warn">Where trouble is reported, as a line for people.</param>
    /// <param name="devLogPath">Where programs send to.</param>
    public LogHub(EventLoop loop, IDescriptorStore store, Action<string> warn, string devLogPath = "/dev/log")
    {
        _loop = loop;
        _store = store;
        _warn = warn;
        var restored = store.Restored;
        if (restored.TryGetValue(ManagerEndName, out var manager) && restored.TryGetValue(SyslogEndName, out var syslog))
        {
            (_channel, _syslogEnd) = (manager, syslog);
            IsRunning = true; // until we hear otherwise: a query waits in the channel for whoever reads it
        }
        else
        {
            Sys.SocketPair(Libc.SOCK_SEQPACKET, out _channel, out _syslogEnd).ThrowIfError("socketpair", "log channel");
            store.Put(ManagerEndName, _channel);
            store.Put(SyslogEndName, _syslogEnd);
        }
        if (restored.TryGetValue(RingName, out var ring)) _ring = ring;
        else
        {
            Sys.MakeMemoryFile("log-ring", out _ring).ThrowIfError("memfd_create", "log ring");
            store.Put(RingName, _ring);
        }
        if (!restored.TryGetValue(DevLogName, out _devLog) && TryBind(devLogPath, out _devLog)) store.Put(DevLogName, _devLog!);
        foreach (var (name, fd) in restored) Restore(name, fd);
        _watch = loop.Watch(_channel, Libc.EPOLLIN, "log channel", OnChannel);
        _syncIsDue = IsRunning;
        SendDue();
    }

    /// <summary>A syslog process is there, as far as is known.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>A syslog has said Hello: what else it is to have can be sent on this end of the channel, which remains ours.</summary>
    public Action<FileDescriptor>? HelloSaid { get; set; }

    /// <summary>How many lines of a service are kept: <c>log-rate</c>; null where its file says nothing.</summary>
    public Func<string, PollLimit?>? RateOf { get; set; }

    /// <summary>The manager's end of the channel, for tests.</summary>
    internal FileDescriptor Channel => _channel;

    /// <summary>Pipes that syslog has not read to their end.</summary>
    public int PipeCount => _streams.Count;

    /// <summary>
    /// What the syslog service is started with, in the order of LISTEN_FDNAMES; all remain ours. <c>kmsg</c> is opened
    /// anew each time, so that it begins with the oldest line that the kernel has, and lasts until the next call.
    /// </summary>
    public List<(string Name, FileDescriptor Fd)> SyslogDescriptors()
    {
        List<(string, FileDescriptor)> list = [];
        if (_devLog is not null) list.Add(("dev-log", _devLog));
        _kernel?.Dispose();
        var errno = Sys.Open("/dev/kmsg", Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out _kernel);
        if (errno == Errno.None) list.Add(("kmsg", _kernel));
        else _warn($"syslog: open /dev/kmsg: {errno.Describe()}: kernel lines will be missing");
        list.Add(("channel", _syslogEnd));
        list.Add(("ring", _ring));
        return list;
    }

    /// <summary>
    /// New pipes for a process of <paramref name="service"/>: the write ends, the caller's to dispose when it is started.
    /// </summary>
    public Errno OpenStreams(string service, out FileDescriptor? output, out FileDescriptor? error)
    {
        error = null;
        var errno = OpenStream(service, LogSource.Output, out output);
        if (errno != Errno.None) return errno;
        errno = OpenStream(service, LogSource.Error, out error);
        if (errno == Errno.None) return errno;
        output!.Dispose(); // syslog reads its end and the pipe is gone
        output = null;
        return errno;
    }

    /// <summary>
    /// Lets syslog answer on <paramref name="connection"/>; false when it cannot now. The caller disposes its connection
    /// in both cases: what syslog got is a duplicate.
    /// </summary>
    public bool ServeLogs(FileDescriptor connection, LogQuery query) =>
        IsRunning && (!query.UntilEnd || AllIsSent(query.Service)) && Send(ChannelMessage.ForQuery(query.Encode()), connection) == Errno.None;

    // Who waits for the end of streams that syslog does not know of yet would be told that it has come.
    private bool AllIsSent(string? service)
    {
        foreach (var pipe in _streams.Values)
            if (pipe.Service == service && !pipe.IsSent) return false;
        return true;
    }

    /// <summary>The syslog process is gone: no queries until the next one says Hello.</summary>
    public void SyslogStopped() => IsRunning = _knowsRates = false;

    /// <summary>Tells all again: streams that are known change nothing, and rates may be others.</summary>
    public void Resend()
    {
        _due.Clear();
        foreach (var (id, pipe) in _streams)
        {
            pipe.IsSent = false;
            _due.Enqueue(id);
        }
        SendDue();
    }

    /// <summary>Lets go of everything here; the store goes on holding it for the next manager.</summary>
    public void Close()
    {
        _retry?.Cancel();
        _loop.Unwatch(_watch);
        foreach (var pipe in _streams.Values) pipe.ReadEnd.Dispose();
        _streams.Clear();
        _due.Clear();
        _pipesOf.Clear();
        _channel.Dispose();
        _syslogEnd.Dispose();
        _ring.Dispose();
        _devLog?.Dispose();
        _kernel?.Dispose();
    }

    private Errno OpenStream(string service, LogSource source, out FileDescriptor? writeEnd)
    {
        writeEnd = null;
        var errno = Sys.Pipe(out var readEnd, out var write);
        if (errno != Errno.None) return errno;
        // Only this end: the two ends are different open files, and few programs stand a non-blocking output.
        errno = Sys.SetNonBlocking(readEnd);
        if (errno != Errno.None)
        {
            readEnd.Dispose();
            write.Dispose();
            return errno;
        }
        readEnd = Sys.OutOfTheWay(readEnd);
        writeEnd = write;
        _lastId = Math.Max(_lastId + 1, EventLoop.Now.Ticks / 10);
        string name = string.Create(CultureInfo.InvariantCulture, $"{PipePrefix}{_lastId}:{(int)source}:{service}");
        ForgetOldest(service);
        _ = TryAdd(_lastId, new Pipe(name, service, source, readEnd));
        _store.Put(name, readEnd);
        SendDue();
        return Errno.None;
    }

    /// <summary>Keeps the number of pipes of one service bounded.</summary>
    private void ForgetOldest(string service)
    {
        if (_pipesOf.GetValueOrDefault(service) < (IsRunning ? PipesPerService : UnreadPipesPerService)) return;
        _warn(IsRunning
            ? $"{service}: {PipesPerService} outputs of processes that its runs have left behind are open: the oldest ends when syslog does; what keeps them running?"
            : $"{service}: output of an earlier process was never read and is given up: is syslog running?");
        foreach (var (id, pipe) in _streams)
            if (pipe.Service == service)
            {
                Forget(id);
                return;
            }
    }

    private bool TryAdd(long id, Pipe pipe)
    {
        if (!_streams.TryAdd(id, pipe)) return false;
        _pipesOf[pipe.Service] = _pipesOf.GetValueOrDefault(pipe.Service) + 1;
        _due.Enqueue(id);
        return true;
    }

    private void Forget(long id)
    {
        if (!_streams.Remove(id, out var pipe)) return;
        if (_pipesOf[pipe.Service] == 1) _pipesOf.Remove(pipe.Service);
        else _pipesOf[pipe.Service]--;
        _store.Remove(pipe.StoreName);
        pipe.ReadEnd.Dispose();
    }

    private void Restore(string name, FileDescriptor fd)
    {
        if (!name.StartsWith(PipePrefix, StringComparison.Ordinal)) return;
        string[] parts = name.Split(':', 4);
        if (parts.Length != 4 || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            || parts[2] is not ("1" or "2") || !TryAdd(id, new Pipe(name, parts[3], (LogSource)(parts[2][0] - '0'), fd)))
        {
            _warn($"log pipe {name}: not of this version: given up");
            _store.Remove(name);
            fd.Dispose();
            return;
        }
        _lastId = Math.Max(_lastId, id);
    }

    private void OnChannel(uint events)
    {
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        for (int i = 0; i < 64; i++)
        {
            var errno = Sys.Receive(_channel, buffer, out int count, out var passed, Libc.MSG_DONTWAIT);
            if (errno == Errno.EAGAIN) break;
            errno.ThrowIfError("recvmsg", "log channel");
            passed?.Dispose();
            if (!ChannelMessage.TryDecode(buffer[..count], out var message)) continue;
            if (message.Kind == ChannelMessageKind.StreamEnded) Forget(message.StreamId);
            else if (message.Kind == ChannelMessageKind.KnowsRates) _knowsRates = true;
            else if (message.Kind == ChannelMessageKind.Hello)
            {
                IsRunning = true;
                Resend();
                HelloSaid?.Invoke(_channel);
            }
        }
        SendDue();
    }

    private void SendDue()
    {
        var errno = Errno.None;
        if (_syncIsDue)
        {
            errno = Send(ChannelMessage.Sync, null);
            _syncIsDue = errno != Errno.None;
        }
        while (errno == Errno.None && _due.TryPeek(out long id))
        {
            if (_streams.TryGetValue(id, out var pipe))
            {
                if (_knowsRates && RateOf is not null) errno = Send(ChannelMessage.RateOf(pipe.Service, RateOf(pipe.Service)), null);
                if (errno == Errno.None) errno = Send(ChannelMessage.AddStream(id, pipe.Source, pipe.Service), pipe.ReadEnd);
                pipe.IsSent = errno == Errno.None;
                if (!pipe.IsSent) break;
            }
            _due.Dequeue();
        }
        WaitForRoom(errno == Errno.EAGAIN);
        // Out of memory, too many descriptors on their way: nothing tells when that is over.
        if (errno is not (Errno.None or Errno.EAGAIN))
            _retry ??= _loop.After(s_retryInterval, "log channel", () =>
            {
                _retry = null;
                SendDue();
            });
    }

    private void WaitForRoom(bool isFull)
    {
        if (isFull == _isRoomWaitedFor) return;
        _loop.Change(_watch, isFull ? Libc.EPOLLIN | Libc.EPOLLOUT : Libc.EPOLLIN);
        _isRoomWaitedFor = isFull;
    }

    private Errno Send(in ChannelMessage message, FileDescriptor? passed)
    {
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        return Sys.Send(_channel, message.Encode(buffer), passed, Libc.MSG_DONTWAIT);
    }

    private bool TryBind(string path, out FileDescriptor? socket)
    {
        _ = Sys.Unlink(path);
        var errno = Sys.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_NONBLOCK, 0, out var fd);
        if (errno == Errno.None) errno = Sys.SetSocketOption(fd, Libc.SOL_SOCKET, Libc.SO_PASSCRED, 1);
        if (errno == Errno.None) errno = Sys.BindUnix(fd, path);
        if (errno == Errno.None) errno = Sys.ChangeMode(path, 0x1B6 /* 0666 */);
        socket = errno == Errno.None ? fd : null;
        if (errno == Errno.None) return true;
        _warn($"syslog: bind {path}: {errno.Describe()}: messages of syslog(3) will be missing");
        fd.Dispose();
        return false;
    }
}
