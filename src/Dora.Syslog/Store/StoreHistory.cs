using System.Globalization;
using System.IO.Compression;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Store;

/// <summary>
/// <c>syslog history</c>: answers from the files what the ring does not hold any more, on the client's own connection. A process of its
/// own for each such query, since it reads from a disk and may read all of it: whoever it waits for, it holds up nobody else. When it is
/// through, it says so on a pipe, and syslog goes on with what is in the ring (<see cref="LogReader"/>).
///
/// Files are read in the order in which they were written. Where only the last lines are wanted, they are counted from the newest file back
/// first. A file whose name tells that it has none of the boot or the times is not opened. What is no line is passed over. A file that is
/// sealed, compressed or deleted meanwhile is looked for by its other name, or its lines are gone.
/// </summary>
internal sealed class StoreHistory
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly FileDescriptor _connection, _folder;
    private readonly LogQuery _query;
    private readonly LogFilter _filter;
    private readonly long _before;
    private readonly string _boot;
    private readonly byte[] _buffer = new byte[128 * 1024], _scratch = new byte[128 * 1024], _output = new byte[96 * 1024];
    private readonly List<(string Name, StoreFile? File, string Boot)> _files = [];
    private FileDescriptor? _current;
    private int _length;
    private bool _isGone;

    /// <param name="connection">The client's, non-blocking.</param>
    /// <param name="folder">/data/log.</param>
    /// <param name="query">What is asked for; its lines are those that are wanted from the files.</param>
    /// <param name="before">Of this boot only lines before this number: the ring has the others.</param>
    /// <param name="boot">This boot's id.</param>
    public StoreHistory(FileDescriptor connection, FileDescriptor folder, LogQuery query, long before, string boot)
    {
        (_connection, _folder, _query, _before, _boot) = (connection, folder, query, before, boot);
        _filter = new LogFilter(query);
    }

    /// <summary>Arguments: connection, folder, pipe, the query in hexadecimal digits, the number, and whether the answer's head is to be written.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 6) return 2;
        Sys.SetProcessName("syslog history\0"u8);
        using var connection = OwnProcess.Passed(ref arguments);
        using var folder = OwnProcess.Passed(ref arguments);
        using var done = OwnProcess.Passed(ref arguments);
        if (!LogQuery.TryDecode(Convert.FromHexString(arguments[0]), out var query)
            || !long.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out long before)) return 2;
        if (new StoreHistory(connection, folder, query, before, StoreProcess.BootId()).Answer(arguments[2] == "head")) _ = Sys.Write(done, "d"u8, out _);
        return 0;
    }

    /// <summary>False: the client is gone, or takes nothing.</summary>
    public bool Answer(bool withHead)
    {
        var errno = List();
        if (errno != Errno.None) return Refuse(500, "log.unreadable", $"/data/log: {errno.Describe()}", withHead);
        if (_query.Boots) return Boots(withHead);
        if (Selected() is not { } boot) return Refuse(404, "log.no-boot", $"there are no lines of boot {_query.Boot}", withHead);
        if (withHead) Send(HttpResponse.StreamHead(HttpResponse.Ndjson));
        _files.RemoveAll(file => !IsWanted(file.File, file.Boot, boot));
        int first = 0;
        long skipped = 0;
        if (_query.Lines < LogQuery.MaxLines)
        {
            long found = 0;
            for (first = _files.Count; first > 0 && found < _query.Lines && !_isGone;) Read(_files[--first], (in LogEntry _) => found++);
            skipped = Math.Max(0, found - _query.Lines);
        }
        for (; first < _files.Count && !_isGone; first++)
            Read(_files[first], (in LogEntry entry) =>
            {
                if (skipped-- > 0) return;
                if (_length + LogLineWriter.WorstCase(entry) > _output.Length) Flush();
                _length += LogLineWriter.Write(entry, _output.AsSpan(_length));
            });
        Flush();
        _current?.Dispose();
        return !_isGone;
    }

    private delegate void Taker(in LogEntry entry);

    private Errno List()
    {
        // First the one that is written: if it is sealed before the folder is read, it is in the list, too, and the same file.
        var errno = Sys.OpenAt(_folder, StoreFile.Current, Libc.O_RDONLY, 0, out _current);
        if (errno is not (Errno.None or Errno.ENOENT)) return errno;
        Libc.stat_t current = default;
        if (_current.IsOpen) _ = Sys.Stat(_current, out current);
        errno = Sys.OpenAt(_folder, ".", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var list);
        if (errno != Errno.None) return errno;
        var names = new List<string>();
        using (list) errno = Sys.ReadNames(list, 100_000, names, out _);
        names.Sort(string.CompareOrdinal);
        foreach (string name in names)
            if (StoreFile.TryParse(name, out var file))
            {
                // Both forms, for a moment.
                if (_files.Count > 0 && _files[^1].File is { } last && last.Plain == file.Plain) _files.RemoveAt(_files.Count - 1);
                _files.Add((name, file, file.Boot));
            }
        if (!_current.IsOpen) return errno;
        if (_files.Count > 0 && Sys.OpenAt(_folder, _files[^1].Name, Libc.O_RDONLY, 0, out var newest) == Errno.None)
            using (newest)
                if (Sys.Stat(newest, out var status) == Errno.None && status.st_ino == current.st_ino) return errno;
        if (Sys.ReadAt(_current, _buffer.AsSpan(0, 256), 0, out int count) == Errno.None && _buffer.AsSpan(0, count).IndexOf((byte)'\n') is > 0 and var end
            && StoreHead.TryParse(_buffer.AsSpan(0, end), out string? boot, out _, out _)) _files.Add((StoreFile.Current, null, boot![..StoreFile.BootLength]));
        return errno;
    }

    /// <summary>The boot that is asked for; "" where all are; null where it is not there.</summary>
    private string? Selected()
    {
        string own = _boot[..StoreFile.BootLength];
        if (_query.Boot is null) return _query.SinceUs > 0 || _query.UntilUs > 0 ? "" : own;
        if (_query.Boot == "0") return own;
        var boots = BootsInOrder();
        if (_query.Boot.StartsWith('-'))
            return int.TryParse(_query.Boot.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int back) && back < boots.Count ? boots[^(back + 1)] : null;
        return boots.Find(boot => _query.Boot.Length > StoreFile.BootLength ? _query.Boot.StartsWith(boot, StringComparison.Ordinal) : boot.StartsWith(_query.Boot, StringComparison.Ordinal));
    }

    private List<string> BootsInOrder()
    {
        var boots = new List<string>();
        foreach (var file in _files)
            if (!boots.Contains(file.Boot)) boots.Add(file.Boot);
        string own = _boot[..StoreFile.BootLength];
        boots.Remove(own);
        boots.Add(own);
        return boots;
    }

    private bool IsWanted(StoreFile? file, string boot, string wanted)
    {
        if (wanted.Length > 0 && boot != wanted) return false;
        if (file is not { } sealedFile) return true;
        return (_query.SinceUs == 0 || string.CompareOrdinal(sealedFile.Last, Compact(_query.SinceUs)) >= 0)
            && (_query.UntilUs == 0 || string.CompareOrdinal(sealedFile.First, Compact(_query.UntilUs)) <= 0);
    }

    private static string Compact(long timeUs)
    {
        Span<byte> text = stackalloc byte[StoreLine.TimeLength];
        int length = 0;
        StoreLine.PutTime(text, ref length, Math.Clamp(timeUs, 0, 253402300799_999999));
        return StoreFile.Compact(text[..19]);
    }

    private void Read((string Name, StoreFile? File, string Boot) file, Taker take)
    {
        bool isOwn = _boot.StartsWith(file.Boot, StringComparison.Ordinal);
        var fd = _current;
        bool isCompressed = false;
        if (file.File is { } closed) fd = Open(closed, out isCompressed);
        if (fd is null) return;
        try
        {
            using var plain = new DescriptorStream(fd);
            using Stream stream = isCompressed ? new GZipStream(plain, CompressionMode.Decompress) : plain;
            int length = 0;
            while (!_isGone && stream.Read(_buffer.AsSpan(length)) is > 0 and var count)
            {
                length += count;
                int begin = 0;
                while (_buffer.AsSpan(begin, length - begin).IndexOf((byte)'\n') is >= 0 and var end)
                {
                    var line = _buffer.AsSpan(begin, end);
                    begin += end + 1;
                    if (StoreLine.TryParse(line, _scratch, out var entry) && IsBetween(entry.Sequence, isOwn) && _filter.Matches(entry)) take(entry);
                }
                if (begin == 0 && length == _buffer.Length) begin = length; // no line of ours is that long
                _buffer.AsSpan(begin, length - begin).CopyTo(_buffer);
                length -= begin;
                LookAtClient();
            }
        }
        catch (Exception exception) when (exception is LinuxException or InvalidDataException)
        {
            // A damaged file: what could be read of it has been.
        }
        finally
        {
            if (file.File is not null) fd.Dispose();
        }
    }

    // Numbers are those of a boot: where lines of several are wanted, they are about this one.
    private bool IsBetween(long sequence, bool isOwn) =>
        (!isOwn || sequence < _before) && (sequence > _query.After || (!isOwn && _query.Boot is null));

    private FileDescriptor? Open(StoreFile file, out bool isCompressed)
    {
        isCompressed = file.IsCompressed;
        if (Sys.OpenAt(_folder, file.Name, Libc.O_RDONLY, 0, out var fd) == Errno.None) return fd;
        isCompressed = true;
        return Sys.OpenAt(_folder, file.Plain + StoreFile.Compressed, Libc.O_RDONLY, 0, out fd) == Errno.None ? fd : null;
    }

    private bool Boots(bool withHead)
    {
        if (withHead) Send(HttpResponse.StreamHead(HttpResponse.Ndjson));
        var boots = BootsInOrder();
        for (int i = 0; i < boots.Count; i++)
        {
            string? first = null, last = null;
            int count = 0;
            foreach (var (_, file, boot) in _files)
            {
                if (boot != boots[i]) continue;
                count++;
                if (file is not { } one) continue;
                if (first is null || string.CompareOrdinal(one.First, first) < 0) first = one.First;
                if (last is null || string.CompareOrdinal(one.Last, last) > 0) last = one.Last;
            }
            // The file that is written has its times in it.
            if (_files.Count > 0 && _files[^1] is { File: null } current && current.Boot == boots[i])
                Read(current with { Boot = "none" }, (in LogEntry entry) =>
                {
                    string time = Compact(entry.TimeUs);
                    if (first is null || string.CompareOrdinal(time, first) < 0) first = time;
                    if (last is null || string.CompareOrdinal(time, last) > 0) last = time;
                });
            Send(BootLine(i + 1 - boots.Count, boots[i], first, last, count));
        }
        _current?.Dispose();
        return !_isGone;
    }

    /// <summary>A line of the list of boots (LogBoot).</summary>
    public static byte[] BootLine(int index, string boot, string? first, string? last, int files) =>
        Encoding.ASCII.GetBytes($"{{\"index\":{index.ToString(CultureInfo.InvariantCulture)},\"boot\":\"{boot}\"{Member("first", first)}{Member("last", last)},\"files\":{files.ToString(CultureInfo.InvariantCulture)}}}\n");

    private static string Member(string name, string? time) =>
        time is null ? "" : $",\"{name}\":\"{time[..4]}-{time[4..6]}-{time[6..11]}:{time[11..13]}:{time[13..15]}Z\"";

    private bool Refuse(int status, string error, string message, bool withHead)
    {
        if (withHead) Send(HttpResponse.Format(status, HttpResponse.Json, Encoding.UTF8.GetBytes($"{{\"error\":\"{error}\",\"message\":\"logs: {message}\",\"data\":{{}}}}\n"), keepAlive: false));
        return withHead ? false : !_isGone;
    }

    private void LookAtClient()
    {
        Span<Libc.pollfd> fds = [new Libc.pollfd { fd = _connection.Number }];
        if (Sys.Poll(fds, TimeSpan.Zero) == Errno.None && (fds[0].revents & (short)(Libc.EPOLLHUP | Libc.EPOLLERR)) != 0) _isGone = true;
    }

    private void Flush()
    {
        Send(_output.AsSpan(0, _length));
        _length = 0;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        Span<Libc.pollfd> fds = stackalloc Libc.pollfd[1];
        while (!bytes.IsEmpty && !_isGone)
        {
            var errno = Sys.Write(_connection, bytes, out int count);
            bytes = bytes[count..];
            if (errno == Errno.None) continue;
            fds[0] = new Libc.pollfd { fd = _connection.Number, events = (short)Libc.EPOLLOUT };
            if (errno != Errno.EAGAIN || Sys.Poll(fds, Sys.TimeSinceBoot() + s_patience) is not (Errno.None or Errno.EINTR) || fds[0].revents == 0) _isGone = true;
        }
    }
}
