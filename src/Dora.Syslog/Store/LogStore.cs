using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Store;

/// <summary>
/// The files below /data/log, written by one process (<see cref="StoreProcess"/>), which alone holds the lock on the folder.
///
/// <c>current.log</c> is appended to. When it is large or old enough, or of another boot, it is sealed: renamed
/// (<see cref="StoreFile"/>), written through, and later compressed. Each file begins with a line <c># pandora log 1 boot=ID opened=SECONDS after=SEQUENCE</c>; all
/// others are lines (<see cref="StoreLine"/>), of one boot, in the order of their numbers.
///
/// What an end at any moment leaves, and what the next <see cref="Open"/> makes of it:
/// - this process is killed: the page cache has all that was written, perhaps with the last line cut. It is cut off; the number of the last
///   whole line says where to go on, and the ring has the rest. So no line is lost or twice between ring and file.
/// - the power is cut: at most what came after the last fdatasync(2) is missing. Whatever stands behind the last whole line (a piece of
///   one, zeros) is cut off and its length told. Something unreadable between lines stays; readers skip it.
/// - between sealing and the next file: there is no current.log, or one without a first line; the newest sealed file has the number.
///   A sealed file is written through while the next one is written to, and what comes into that is not before it: so a cut of the power here
///   takes the end of what was sealed and all of the next.
///   Nothing is compressed before the next file has its first line, so that one can be read.
/// - within compressing: a <c>.part</c> is deleted; where both forms are there the compressed one is whole (it is written through before it
///   gets its name), and the plain one is deleted.
///
/// An error (ENOSPC, EROFS, EIO ...) leaves the file as long as it was: whatever came behind that is written over by the next try, from the
/// same place. Nothing is taken from syslog meanwhile, so the ring is the buffer, and what it overwrites it counts.
/// </summary>
internal sealed partial class LogStore(FileDescriptor folder, StoreLimits wanted, string boot, Action<string> tell, BackgroundSync? background = null) : IDisposable
{
    private const int HeadLength = 19; // 2026-11-21T23:20:01
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly byte[] _scratch = new byte[64 * 1024];
    private readonly List<(StoreFile File, long Size)> _sealed = [];
    private readonly byte[] _first = new byte[HeadLength], _last = new byte[HeadLength];
    private FileDescriptor? _own, _current;
    private StoreLimits _limits;
    private long _length, _sizes, _nextNumber = 1, _unlooked = long.MaxValue / 2;
    private TimeSpan _opened;
    private bool _hasLines, _isFull;
    private int _pending;

    /// <summary>Of the last line that is stored of this boot, 0 before the first.</summary>
    public long LastSequence { get; private set; }

    public long LastTimeUs { get; private set; }

    public bool IsOpen => _current is not null;

    /// <summary>Written since the last <see cref="Synchronize"/>.</summary>
    public bool IsDirty { get; private set; }

    // Bytes between two looks at what is free: an eighth of a small store.
    private long Look => Math.Min(1 << 20, _limits.Total / 8);

    public long Total => _sizes + _length;

    public void Dispose()
    {
        _current?.Dispose();
        if (_own is not null) Sys.Unlock(_own);
        _own?.Dispose();
        _current = _own = null;
    }

    /// <summary>Takes up what is there. EAGAIN: another process still has it. May be called again after any error.</summary>
    public Errno Open()
    {
        Dispose();
        var errno = Sys.OpenAt(folder, ".", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out _own);
        if (errno == Errno.None) errno = Sys.Lock(_own!, wait: false);
        if (errno == Errno.None && Sys.FileSystemSize(_own!, out var bytes) is var sized)
        {
            errno = sized;
            _limits = wanted.Of(bytes.Size);
        }
        if (errno == Errno.None) errno = List();
        if (errno == Errno.None) errno = TakeUp();
        if (errno == Errno.None && _current is null) errno = Begin();
        if (errno == Errno.None) errno = MakeRoom(0);
        if (errno is not (Errno.None or Errno.ENOSPC)) Dispose();
        return errno;
    }

    /// <summary>Whole lines, each with its end. After an error none of them is stored, and all are to be given again.</summary>
    public Errno Append(ReadOnlySpan<byte> lines, TimeSpan now)
    {
        if (_own is null) return Errno.EBADF;
        var errno = _current is null ? Begin() : Errno.None;
        if (errno == Errno.None && _hasLines && (_length + lines.Length > _limits.File || now - _opened >= TimeSpan.FromSeconds(_limits.Age))) errno = Roll();
        if (errno == Errno.None && ((_unlooked += lines.Length) >= Look || _isFull)) errno = MakeRoom(lines.Length);
        if (errno != Errno.None) return errno;
        errno = Sys.WriteAllAt(_current!, lines, _length);
        // What others have filled within the last megabyte.
        if (errno is Errno.ENOSPC or Errno.EDQUOT && DeleteOldest(Look)) errno = Sys.WriteAllAt(_current!, lines, _length);
        if (errno != Errno.None)
        {
            _ = Sys.Truncate(_current!, _length);
            return errno;
        }
        _length += lines.Length;
        IsDirty = true;
        Note(lines);
        return Errno.None;
    }

    /// <summary>Something is on its way to the disk: what comes behind it has to wait.</summary>
    public bool IsSynchronizing => _pending > 0;

    /// <summary>Called when something was written through in the background.</summary>
    public Action<Errno>? Synchronized { get; init; }

    /// <summary>fdatasync(2). After an error the kernel may have dropped what it could not write: it is told, and not tried again.</summary>
    public Errno Synchronize()
    {
        if (!IsDirty || _current is null) return Errno.None;
        IsDirty = false;
        return WriteThrough(_current);
    }

    /// <summary>The end: gives the folder to the next process, and waits for the disk. Nothing may be written after that.</summary>
    public Errno Leave()
    {
        if (_own is not null) Sys.Unlock(_own);
        return IsDirty && _current is not null ? Sys.SynchronizeData(_current) : Errno.None;
    }

    /// <summary>The oldest file that is to be compressed; null where there is none.</summary>
    public StoreFile? Uncompressed()
    {
        foreach (var (file, _) in _sealed)
            if (!file.IsCompressed) return file;
        return null;
    }

    /// <summary>Begins to write the compressed form beside the plain one.</summary>
    public Errno BeginCompressing(StoreFile file, out Compression? compression)
    {
        compression = null;
        var errno = Sys.OpenAt(_own!, file.Plain, Libc.O_RDONLY, 0, out var from);
        if (errno != Errno.None) return errno;
        errno = Sys.OpenAt(_own!, file.Plain + StoreFile.Compressed + StoreFile.Part, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC, Mode, out var to);
        if (errno == Errno.None) compression = new Compression(file, from, to);
        else from.Dispose();
        return errno;
    }

    /// <summary>The compressed one takes the place of the plain one, or where something <paramref name="failed"/> is deleted.</summary>
    public Errno EndCompressing(Compression compression, Errno failed, bool isWrittenThrough = false)
    {
        var file = compression.File;
        string name = file.Plain + StoreFile.Compressed;
        // It may have been deleted meanwhile, being the oldest.
        int index = _sealed.FindIndex(entry => entry.File == file);
        var errno = failed != Errno.None || index < 0 || isWrittenThrough ? failed : Sys.Synchronize(compression.To);
        Libc.stat_t status = default;
        if (errno == Errno.None && index >= 0 && (errno = Sys.Stat(compression.To, out status)) == Errno.None) errno = Sys.RenameAt(_own!, name + StoreFile.Part, name);
        if (errno != Errno.None || index < 0)
        {
            _ = Sys.UnlinkAt(_own!, name + StoreFile.Part);
            return errno;
        }
        _ = Sys.UnlinkAt(_own!, file.Plain);
        _sizes += status.st_size - _sealed[index].Size;
        _sealed[index] = (file with { IsCompressed = true }, status.st_size);
        return Errno.None;
    }

    private const uint Mode = 0x1A0; // 0640: the folder's group may read

    private Errno Add(StoreFile file, long size)
    {
        _sealed.Add((file, size));
        _sizes += size;
        return Errno.None;
    }

    private Errno Roll()
    {
        var errno = Seal(boot);
        return errno == Errno.None ? Begin() : errno;
    }

    private Errno Seal(string bootOfFile)
    {
        var errno = WriteThrough(_current!);
        if (errno != Errno.None) return errno;
        IsDirty = false;
        if (_hasLines)
        {
            var file = new StoreFile(_nextNumber, StoreFile.Compact(_first), StoreFile.Compact(_last), bootOfFile[..StoreFile.BootLength], false);
            errno = Sys.RenameAt(_own!, StoreFile.Current, file.Name);
            if (errno != Errno.None) return errno;
            _nextNumber++;
            Add(file, _length);
        }
        else if ((errno = Sys.UnlinkAt(_own!, StoreFile.Current)) != Errno.None) return errno;
        _current!.Dispose();
        _current = null;
        _length = 0;
        return Errno.None;
    }

    private Errno Begin()
    {
        var now = EventLoop.Now;
        var errno = Sys.OpenAt(_own!, StoreFile.Current, Libc.O_RDWR | Libc.O_CREAT | Libc.O_TRUNC, Mode, out var file);
        if (errno != Errno.None) return errno;
        var head = StoreHead.Format(boot, (long)now.TotalSeconds, LastSequence);
        errno = Sys.WriteAllAt(file, head, 0);
        if (errno == Errno.None) errno = WriteThrough(file);
        // Its name, and that of the one before.
        if (errno == Errno.None) errno = WriteThrough(_own!, dataOnly: false);
        if (errno != Errno.None)
        {
            file.Dispose();
            return errno;
        }
        _current = file;
        _length = head.Length;
        _opened = now;
        _hasLines = false;
        return Errno.None;
    }

    private Errno WriteThrough(FileDescriptor file, bool dataOnly = true)
    {
        if (background?.Begin(file, dataOnly, errno =>
            {
                _pending--;
                Synchronized?.Invoke(errno);
            }) == true) _pending++;
        else return dataOnly ? Sys.SynchronizeData(file) : Sys.Synchronize(file);
        return Errno.None;
    }

    /// <summary>For <paramref name="bytes"/> more: within the total, and with the reserve untouched. The oldest are deleted first.</summary>
    private Errno MakeRoom(long bytes)
    {
        while (Total + bytes + Look > _limits.Total && DeleteOldest(1)) { }
        var errno = Sys.FileSystemSize(_own!, out var size);
        if (errno != Errno.None) return errno;
        _unlooked = 0;
        // What is deleted is not free at once everywhere (btrfs): by what the files had.
        long missing = _limits.Free + bytes - size.Available;
        _isFull = missing > 0 && !DeleteOldest(missing);
        return _isFull ? Errno.ENOSPC : Errno.None;
    }

    /// <summary>The oldest of the sealed files, until <paramref name="bytes"/> are free or none is left: false then.</summary>
    private bool DeleteOldest(long bytes)
    {
        while (bytes > 0)
        {
            if (_sealed.Count == 0) return false;
            var (file, size) = _sealed[0];
            if (Sys.UnlinkAt(_own!, file.Name) is not (Errno.None or Errno.ENOENT)) return false;
            _sealed.RemoveAt(0);
            _sizes -= size;
            bytes -= size;
        }
        return true;
    }

    private void Note(ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            NoteTime(lines);
            int end = lines.IndexOf((byte)'\n');
            var line = lines[..end];
            lines = lines[(end + 1)..];
            if (lines.IsEmpty && StoreLine.TryParse(line, _scratch, out var entry)) (LastSequence, LastTimeUs) = (entry.Sequence, entry.TimeUs);
        }
    }

    // By text, which sorts as the times do.
    private void NoteTime(ReadOnlySpan<byte> line)
    {
        if (line.Length < HeadLength) return;
        var time = line[..HeadLength];
        if (!_hasLines || time.SequenceCompareTo(_first) < 0) time.CopyTo(_first);
        if (!_hasLines || time.SequenceCompareTo(_last) > 0) time.CopyTo(_last);
        _hasLines = true;
    }
}
