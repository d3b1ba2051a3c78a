using Dora.Core.Linux;

namespace Dora.Syslog.Store;

// Taking up what another process, or another boot, has left in the folder: its files by their names, and the one that was written.
internal sealed partial class LogStore
{
    private Errno List()
    {
        var names = new List<string>();
        var errno = Sys.OpenAt(_own!, ".", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var list);
        if (errno != Errno.None) return errno;
        using (list) errno = Sys.ReadNames(list, 100_000, names, out _);
        if (errno != Errno.None) return errno;
        names.Sort(string.CompareOrdinal);
        _sealed.Clear();
        _sizes = 0;
        foreach (string name in names)
        {
            if (name.EndsWith(StoreFile.Part, StringComparison.Ordinal)) _ = Sys.UnlinkAt(_own!, name);
            if (!StoreFile.TryParse(name, out var file)) continue;
            _nextNumber = Math.Max(_nextNumber, file.Number + 1);
            if (_sealed.Count > 0 && _sealed[^1].File is { IsCompressed: false } plain && plain.Plain == file.Plain)
            {
                errno = Sys.UnlinkAt(_own!, plain.Plain);
                if (errno != Errno.None) return errno;
                _sizes -= _sealed[^1].Size;
                _sealed.RemoveAt(_sealed.Count - 1);
            }
            errno = Sys.OpenAt(_own!, name, Libc.O_RDONLY, 0, out var fd);
            if (errno != Errno.None) continue;
            using (fd) errno = Sys.Stat(fd, out var status) is { } failed && failed != Errno.None ? failed : Add(file, status.st_size);
            if (errno != Errno.None) return errno;
        }
        return Errno.None;
    }

    private Errno TakeUp()
    {
        LastSequence = LastTimeUs = 0;
        _length = 0;
        var errno = Sys.OpenAt(_own!, StoreFile.Current, Libc.O_RDWR, 0, out var file);
        if (errno is not (Errno.None or Errno.ENOENT)) return errno;
        string? bootOfFile = null;
        long end = 0;
        if (errno == Errno.None && (errno = Scan(file, out bootOfFile, out end)) != Errno.None)
        {
            file.Dispose();
            return errno;
        }
        else if (errno == Errno.None && bootOfFile is not null)
        {
            _length = end;
            errno = CutBehind(file, end);
            _current = file;
            if (errno == Errno.None && bootOfFile != boot) errno = Seal(bootOfFile);
            if (errno != Errno.None) return errno;
            if (_current is not null) return Errno.None;
        }
        else
        {
            // Nothing that could be read: not even its first line was written.
            file.Dispose();
            if (errno == Errno.None && (errno = Sys.UnlinkAt(_own!, StoreFile.Current)) != Errno.None) return errno;
        }
        LastSequence = LastTimeUs = 0;
        if (_sealed.Count == 0 || _sealed[^1].File is not { IsCompressed: false } newest || !boot.StartsWith(newest.Boot, StringComparison.Ordinal)) return Errno.None;
        errno = Sys.OpenAt(_own!, newest.Name, Libc.O_RDONLY, 0, out file);
        if (errno != Errno.None) return errno;
        using (file) errno = Scan(file, out _, out _);
        _hasLines = false;
        return errno;
    }

    private Errno CutBehind(FileDescriptor file, long end)
    {
        var errno = Sys.Stat(file, out var status);
        if (errno != Errno.None || status.st_size == end) return errno;
        errno = Sys.Truncate(file, end);
        if (errno == Errno.None) tell($"store: {status.st_size - end} bytes behind the last whole line were cut off: the last end was none");
        return errno;
    }

    /// <summary>Reads a file of lines: whose boot it is (null: it has no first line), where its last whole line ends, and the number of that.</summary>
    private Errno Scan(FileDescriptor file, out string? bootOfFile, out long end)
    {
        bootOfFile = null;
        end = 0;
        _hasLines = false;
        long offset = 0;
        int length = 0;
        bool isSkipping = false; // a line that is longer than any of ours
        while (true)
        {
            var errno = Sys.ReadAt(file, _buffer.AsSpan(length), offset + length, out int count);
            if (errno != Errno.None) return errno;
            if (count == 0) return Errno.None;
            length += count;
            int begin = 0;
            while (_buffer.AsSpan(begin, length - begin).IndexOf((byte)'\n') is >= 0 and var size)
            {
                var line = _buffer.AsSpan(begin, size);
                begin += size + 1;
                if (isSkipping) isSkipping = false;
                else if (bootOfFile is null)
                {
                    if (offset + begin != size + 1 || !StoreHead.TryParse(line, out bootOfFile, out long opened, out long after)) return Errno.None;
                    _opened = TimeSpan.FromSeconds(opened);
                    LastSequence = after;
                    end = offset + begin;
                }
                else if (StoreLine.TryParse(line, _scratch, out var entry))
                {
                    LastSequence = Math.Max(LastSequence, entry.Sequence);
                    LastTimeUs = entry.TimeUs;
                    NoteTime(line);
                    end = offset + begin;
                }
            }
            if (begin == 0 && length == _buffer.Length)
            {
                isSkipping = true;
                begin = length;
            }
            _buffer.AsSpan(begin, length - begin).CopyTo(_buffer);
            offset += begin;
            length -= begin;
        }
    }
}
