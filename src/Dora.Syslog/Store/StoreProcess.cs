using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Store;

/// <summary>
/// <c>syslog store</c>: takes lines from syslog on a socket and keeps them in files (<see cref="LogStore"/>).
///
/// It is a process of its own because a disk may take its time, or for ever: fdatasync(2), and at times write(2), hold up whoever
/// calls them, and syslog must go on taking what services write. What this process does not take waits in the ring. It is syslog's
/// child, of the same user, and ends with it: the socket's end, behind which it writes and synchronizes what is left.
///
/// It says <c>ready SEQUENCE MICROSECONDS</c> once it has the folder: the last line that is stored, and syslog sends what comes behind it. A
/// <c>note</c> is for people and becomes a line of the log. Written is at once, in batches; fdatasync(2) comes a second after the first write that was not
/// covered by the last, so a power cut costs one second, and with nothing to do there is no wake-up. Lines go on being written meanwhile
/// (<see cref="BackgroundSync"/>).
/// </summary>
internal sealed class StoreProcess : IDisposable
{
    private static readonly TimeSpan s_locked = TimeSpan.FromMilliseconds(100), s_first = TimeSpan.FromSeconds(1), s_longest = TimeSpan.FromSeconds(30);
    private readonly EventLoop _loop;
    private readonly FileDescriptor _socket;
    private readonly Watch _watch;
    private readonly LogStore _store;
    private readonly BackgroundSync _background;
    private readonly Action _ended;
    private readonly byte[] _buffer = new byte[128 * 1024];
    private int _length;
    private TimeSpan _retry;
    private LoopTimer? _sync;
    private Errno _failure, _syncFailure;
    private bool _hasEnded, _isReading, _cannotCompress, _isOver, _isSyncDue;
    private int _waits;
    private Compression? _compression;

    /// <param name="loop">This process's.</param>
    /// <param name="socket">To syslog; ours from here on, as is <paramref name="folder"/>.</param>
    /// <param name="folder">/data/log.</param>
    /// <param name="limits">What it may take.</param>
    /// <param name="boot">This boot's id, 32 hexadecimal digits.</param>
    /// <param name="ended">Called when syslog has gone and all is written.</param>
    /// <param name="compresses">Sealed files are compressed.</param>
    public StoreProcess(EventLoop loop, FileDescriptor socket, FileDescriptor folder, StoreLimits limits, string boot, Action ended, bool compresses = true)
    {
        _loop = loop;
        _cannotCompress = !compresses;
        _socket = socket;
        _ended = ended;
        _background = new BackgroundSync(loop);
        _store = new LogStore(folder, limits, boot, text => Say($"note {text}"), _background) { Synchronized = OnSynchronized };
        Sys.SetNonBlocking(socket).ThrowIfError("fcntl");
        _watch = loop.Watch(socket, 0, "syslog", events =>
        {
            if ((events & Libc.EPOLLIN) != 0 || _isReading) Read();
            else End(); // it has gone while nothing can be written
        });
        Open();
    }

    public LogStore Store => _store;

    /// <summary>Arguments: socket, folder, and the limits in hexadecimal digits.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 3) return 2;
        Sys.SetProcessName("syslog store\0"u8);
        var socket = OwnProcess.Passed(ref arguments);
        var folder = OwnProcess.Passed(ref arguments);
        byte[] limits = Convert.FromHexString(arguments[0]);
        if (limits.Length < StoreLimits.EncodedBytes) return 2;
        using var loop = new EventLoop();
        StoreProcess? process = null;
        loop.Failed = (owner, exception) => process?.Say($"note store: {owner}: {exception.Message}");
        process = new StoreProcess(loop, socket, folder, StoreLimits.Decode(limits), BootId(), loop.Stop);
        loop.Run();
        return 0;
    }

    public static string BootId() => (Sys.ReadText("/proc/sys/kernel/random/boot_id") ?? "").Trim().Replace("-", "") is { Length: 32 } id ? id : new string('0', 32);

    public void Dispose() => End();

    /// <summary>As SIGKILL does it, for tests: what it has read and not written is gone.</summary>
    internal void Kill()
    {
        _length = 0;
        End();
    }

    private void Open()
    {
        if (_isOver) return;
        var errno = _store.Open();
        if (!_store.IsOpen)
        {
            // The process before us has the folder until it has written what it had: soon, unless it was killed while its disk did not answer.
            bool isLocked = errno == Errno.EAGAIN;
            if (!isLocked || ++_waits * s_locked > s_first) Failed(errno);
            _retry = !isLocked ? Longer() : _waits < 100 ? s_locked : s_first;
            _loop.After(_retry, "store", Open);
            return;
        }
        _retry = default;
        if (errno == Errno.None) Works();
        else Failed(errno);
        Say($"ready {_store.LastSequence} {_store.LastTimeUs}");
        SetReading(true);
        Compress();
    }

    private TimeSpan Longer() => _retry < s_first ? s_first : _retry * 2 < s_longest ? _retry * 2 : s_longest;

    private void Read()
    {
        var errno = Sys.Read(_socket, _buffer.AsSpan(_length), out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno != Errno.None || count == 0) _hasEnded = true;
        _length += count;
        Write();
    }

    private void Write()
    {
        if (_isOver) return;
        int whole = _buffer.AsSpan(0, _length).LastIndexOf((byte)'\n') + 1;
        if (whole > 0)
        {
            var errno = _store.Append(_buffer.AsSpan(0, whole), EventLoop.Now);
            if (errno != Errno.None)
            {
                Failed(errno);
                if (_hasEnded) End();
                else
                {
                    SetReading(false);
                    _retry = Longer();
                    _loop.After(_retry, "store", Write);
                }
                return;
            }
            Works();
            _buffer.AsSpan(whole, _length - whole).CopyTo(_buffer);
            _length -= whole;
            _sync ??= _loop.After(s_first, "store", Synchronize);
            Compress();
        }
        else if (_length == _buffer.Length) _length = 0; // no line of ours is that long
        if (_hasEnded) End();
        else SetReading(true);
    }

    private void Synchronize()
    {
        _sync = null;
        _isSyncDue = _store.IsSynchronizing;
        if (_isSyncDue || !_store.IsDirty) return;
        var errno = _store.Synchronize();
        if (!_store.IsSynchronizing) OnSynchronized(errno);
    }

    private void OnSynchronized(Errno errno)
    {
        if (errno != _syncFailure && errno != Errno.None) Say($"note store: fdatasync: {errno.Describe()}: what was written last may be lost");
        _syncFailure = errno;
        if (_isSyncDue) Synchronize();
    }

    private void End()
    {
        if (_isOver) return;
        _isOver = true;
        _loop.Unwatch(_watch);
        _sync?.Cancel();
        _ = _store.Leave();
        _background.Dispose();
        _compression?.Dispose();
        _store.Dispose();
        _socket.Dispose();
        _ended();
    }

    private void SetReading(bool isReading)
    {
        if (_isReading == isReading) return;
        _isReading = isReading;
        _loop.Change(_watch, isReading ? Libc.EPOLLIN : 0);
    }

    private void Failed(Errno errno)
    {
        if (errno == _failure) return;
        _failure = errno;
        Say("note store: " + errno switch
        {
            Errno.ENOSPC or Errno.EDQUOT => "there is no room on /data",
            Errno.EAGAIN => "another process still writes to /data/log",
            _ => $"write to /data/log: {errno.Describe()}",
        } + ": lines are kept in RAM only, until that is over");
    }

    private void Works()
    {
        _retry = default;
        if (_failure == Errno.None) return;
        _failure = Errno.None;
        Say("note store: lines are stored again");
    }

    // A few dozen bytes, and syslog reads them: where they do not fit it is stuck, and cannot be helped by us.
    private void Say(string line) => _ = Sys.Write(_socket, Encoding.UTF8.GetBytes(line + "\n"), out _);

    /// <summary>In slices, each of a few milliseconds: lines go on being written. zcat and zgrep read what comes out.</summary>
    private void Compress()
    {
        if (_compression is not null || _cannotCompress || !_store.IsOpen || _store.Uncompressed() is not { } file) return;
        var errno = _store.BeginCompressing(file, out _compression);
        if (errno != Errno.None) CannotCompress(file, errno);
        else _loop.Post("compress", CompressSlice);
    }

    private void CompressSlice()
    {
        if (_compression is not { } compression || _isOver) return;
        var errno = compression.Step(out bool isDone);
        if (errno == Errno.None && !isDone)
        {
            // An event that waits has its turn first, as a timer that is due does.
            _loop.After(TimeSpan.Zero, "compress", CompressSlice);
            return;
        }
        if (errno != Errno.None || !_background.Begin(compression.To, dataOnly: false, failed => EndCompressing(compression, failed, true)))
            EndCompressing(compression, errno, false);
    }

    private void EndCompressing(Compression compression, Errno errno, bool isWrittenThrough)
    {
        if (_isOver) return;
        _compression = null;
        errno = _store.IsOpen ? _store.EndCompressing(compression, errno, isWrittenThrough) : Errno.None;
        compression.Dispose();
        if (errno != Errno.None) CannotCompress(compression.File, errno);
        else Compress();
    }

    private void CannotCompress(StoreFile file, Errno errno)
    {
        _cannotCompress = true;
        Say($"note store: compress {file.Plain}: {errno.Describe()}: files stay as they are until syslog is restarted");
    }
}
