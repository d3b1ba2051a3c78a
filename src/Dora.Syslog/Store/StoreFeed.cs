using System.Globalization;
using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Store;

/// <summary>
/// Syslog's side of the store: a reader of the ring, whose client is the process that writes the files (<see cref="StoreProcess"/>).
///
/// What is taken from the ring is in the socket's buffer or in the file. The process says where the files end when it begins,
/// and what comes behind that is sent; so whoever of the two dies, nothing is lost or doubled as long as the ring has it. What it
/// has no more is one line that counts it, in the files too.
///
/// A disk is slower than a pipe at times. When the ring is nearly full of lines that the process has not taken, syslog waits for it, which
/// holds up the writers by their pipes, but for <see cref="Patience"/> only, and then not again before it has taken something:
/// an fdatasync(2) costs no line, and a disk that does not answer costs nobody his output.
/// </summary>
internal sealed class StoreFeed
{
    private static readonly TimeSpan s_firstDelay = TimeSpan.FromSeconds(1), s_longestDelay = TimeSpan.FromMinutes(1), s_last = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_gathering = TimeSpan.FromMilliseconds(20);
    private readonly LogServer _server;
    private readonly byte[] _batch = new byte[64 * 1024];
    private readonly byte[] _said = new byte[1024];
    private FileDescriptor _folder;
    private StoreLimits _limits;
    private FileDescriptor? _socket;
    private Watch? _watch;
    private LoopTimer? _restart, _leaving, _gathering;
    private LogPosition _position;
    private int _sent, _end, _saidLength;
    private TimeSpan _delay = s_firstDelay, _started;
    private uint _events;
    private bool _isReady, _mayWait;
    private Action? _left;

    public StoreFeed(LogServer server, FileDescriptor folder, StoreLimits limits)
    {
        _server = server;
        _folder = folder;
        _limits = limits;
        Start();
    }

    /// <summary>How long syslog waits for a process that takes nothing.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The folder, for whoever reads older lines; borrowed.</summary>
    public FileDescriptor Folder => _folder;

    /// <summary>The process has said where the files end, and gets lines.</summary>
    public bool IsReady => _isReady;

    /// <summary>Everything that is in the ring has been sent.</summary>
    public bool IsEmpty => _isReady && _sent == _end && _position.Offset == _server.Ring.Newest.Offset;

    public void Renew(FileDescriptor folder, StoreLimits limits)
    {
        _folder.Dispose();
        _folder = folder;
        if (_limits == limits) return;
        _limits = limits;
        // It ends when it has written what it has, and the next one gets the new limits.
        if (_socket is not null) _ = Sys.Shutdown(_socket, Libc.SHUT_WR);
        _isReady = false;
        _delay = TimeSpan.Zero;
    }

    /// <summary>There are new lines. Many go together: each by itself would wake two processes and write a file. The ring has them meanwhile.</summary>
    public void Gather()
    {
        if (!_isReady) return;
        if (_server.Ring.Newest.Offset - _position.Offset > _server.Ring.Capacity / 8) Pump();
        else _gathering ??= _server.Loop.After(s_gathering, "log store", () =>
        {
            _gathering = null;
            Pump();
        });
    }

    /// <summary>Sends what there is, as far as it is taken.</summary>
    public void Pump()
    {
        while (_isReady)
        {
            if (_sent == _end && !Fill())
            {
                Wait(0);
                if (_left is not null) _ = Sys.Shutdown(_socket!, Libc.SHUT_WR);
                return;
            }
            var errno = Sys.Write(_socket!, _batch.AsSpan(_sent, _end - _sent), out int count);
            _sent += count;
            if (errno == Errno.None)
            {
                _mayWait = true;
                continue;
            }
            if (errno == Errno.EAGAIN && _mayWait && IsPressed)
            {
                Span<Libc.pollfd> fds = [new Libc.pollfd { fd = _socket!.Number, events = (short)Libc.EPOLLOUT }];
                _ = Sys.Poll(fds, EventLoop.Now + Patience);
                _mayWait = fds[0].revents != 0;
                if (_mayWait) continue;
            }
            // Where it is gone the socket's end says so.
            Wait(Libc.EPOLLOUT);
            return;
        }
    }

    /// <summary>Calls <paramref name="then"/> when the process has all and has written it, or after two seconds.</summary>
    public void Leave(Action then)
    {
        if (!_isReady)
        {
            then();
            return;
        }
        _left = then;
        _leaving = _server.Loop.After(s_last, "store", Leave);
        Pump();
    }

    public void Close()
    {
        CloseSocket();
        _restart?.Cancel();
        _leaving?.Cancel();
        _gathering?.Cancel();
        _folder.Dispose();
    }

    /// <summary>Starts the process; gives why not.</summary>
    public static string? Launch(FileDescriptor socket, FileDescriptor folder, StoreLimits limits)
    {
        byte[] bytes = new byte[StoreLimits.EncodedBytes];
        limits.Encode(bytes);
        return OwnProcess.Start("store", [socket, folder], Convert.ToHexStringLower(bytes));
    }

    private bool IsPressed => _server.Ring.Newest.Offset - _position.Offset > _server.Ring.Capacity / 4 * 3;

    private void Start()
    {
        _restart = null;
        _started = EventLoop.Now;
        if (Sys.SocketPair(Libc.SOCK_STREAM, out var ours, out var theirs) is not Errno.None and var errno)
        {
            _server.Note($"store: socketpair: {errno.Describe()}: lines are kept in RAM only until it can be started");
            Again();
            return;
        }
        using (theirs)
        {
            Sys.SetNonBlocking(ours).ThrowIfError("fcntl");
            _socket = ours;
            _events = 0;
            _saidLength = _sent = _end = 0;
            _watch = _server.Loop.Watch(ours, Libc.EPOLLIN, "log store", OnEvents);
            if (_server.StartStore(theirs, _folder, _limits) is not { } failure) return;
            _server.Note($"store: {failure}: lines are kept in RAM only");
        }
        Again();
    }

    private void Again()
    {
        CloseSocket();
        if (_left is not null)
        {
            Leave();
            return;
        }
        if (EventLoop.Now - _started > s_longestDelay) _delay = s_firstDelay;
        _restart = _server.Loop.After(_delay, "log store", Start);
        _delay = _delay == TimeSpan.Zero ? s_firstDelay : _delay * 2 < s_longestDelay ? _delay * 2 : s_longestDelay;
    }

    private void Leave()
    {
        _leaving?.Cancel();
        var then = _left;
        _left = null;
        then?.Invoke();
    }

    private void CloseSocket()
    {
        _isReady = false;
        if (_socket is null) return;
        _server.Loop.Unwatch(_watch!);
        _socket.Dispose();
        _socket = null;
    }

    private void OnEvents(uint events)
    {
        if ((events & (Libc.EPOLLIN | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0)
        {
            var errno = Sys.Read(_socket!, _said.AsSpan(_saidLength), out int count);
            if (errno != Errno.EAGAIN && (errno != Errno.None || count == 0))
            {
                Again();
                return;
            }
            _saidLength += count;
            while (_socket is not null && _said.AsSpan(0, _saidLength).IndexOf((byte)'\n') is >= 0 and var end)
            {
                string line = Encoding.UTF8.GetString(_said, 0, end);
                _said.AsSpan(end + 1, _saidLength - end - 1).CopyTo(_said);
                _saidLength -= end + 1;
                Heard(line);
            }
            if (_saidLength == _said.Length) _saidLength = 0;
        }
        if ((events & Libc.EPOLLOUT) != 0) Pump();
    }

    private void Heard(string line)
    {
        if (line.StartsWith("note ", StringComparison.Ordinal)) _server.Note(line[5..]);
        else if (line.Split(' ') is ["ready", var sequence, var time]
                 && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out long last)
                 && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out long timeUs))
        {
            _position = Behind(last, timeUs);
            _isReady = _mayWait = true;
            Pump();
        }
    }

    /// <summary>
    /// A ring that was lost counts anew: its numbers are not those of the files, and all that it has comes behind. A file that was just begun knows
    /// the number of the line before it, and not its time.
    /// </summary>
    private LogPosition Behind(long last, long timeUs)
    {
        var ring = _server.Ring;
        if (last >= ring.NextSequence) last = 0;
        if (last > 0 && timeUs > 0 && ring.Behind(last - 1) is var position && ring.TryRead(ref position, out var entry, out long lost)
            && lost == 0 && entry.Sequence == last && entry.TimeUs != timeUs) last = 0;
        return ring.Behind(last);
    }

    private bool Fill()
    {
        _sent = _end = 0;
        Span<byte> text = stackalloc byte[96];
        while (true)
        {
            var next = _position;
            if (!_server.Ring.TryRead(ref next, out var entry, out long lost)) break;
            int needed = StoreLine.WorstCase(entry) + (lost > 0 ? 512 : 0);
            if (needed > _batch.Length - _end) break;
            if (lost > 0)
            {
                System.Text.Unicode.Utf8.TryWrite(text, $"{lost} lines were overwritten in RAM before they could be stored", out int length);
                _end += StoreLine.Write(new LogEntry
                {
                    Sequence = entry.Sequence - 1, TimeUs = entry.TimeUs, BootUs = entry.BootUs, Priority = LogServer.OwnPriority,
                    Source = LogSource.Self, Service = "syslog"u8, Text = text[..length],
                }, _batch.AsSpan(_end));
            }
            _end += StoreLine.Write(entry, _batch.AsSpan(_end));
            _position = next;
        }
        return _end > 0;
    }

    private void Wait(uint events)
    {
        if (_events == events) return;
        _events = events;
        _server.Loop.Change(_watch!, events | Libc.EPOLLIN);
    }
}
