using System.Text;
using System.Text.Json;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// The lines behind a number, as they come: a follower of GET /v1/logs like any other. What it does not read waits in the log. Of an earlier boot
/// they come from its files, and there is a last one.
/// </summary>
internal sealed class LineSource : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    private readonly FileDescriptor _connection;
    private readonly HttpResponseReader _reader = new();
    private readonly Dora.Core.Client.LineSplitter _splitter;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private bool _hasLines;

    private LineSource(FileDescriptor connection, Action<LogLine> take)
    {
        _connection = connection;
        _splitter = new Dora.Core.Client.LineSplitter(json =>
        {
            if (Parse(json) is not { } line) return;
            _hasLines = true;
            take(line);
        });
    }

    /// <summary>To be polled for EPOLLIN.</summary>
    public int Number => _connection.Number;

    /// <summary>There was an answer, without any line.</summary>
    public bool IsEmpty => _reader.HasHead && !_hasLines;

    /// <summary>Null where the log cannot be asked now, and why.</summary>
    /// <param name="boot">How the id of an earlier boot begins; null is this one.</param>
    public static LineSource? Open(string? boot, long after, Action<LogLine> take, out string problem)
    {
        if (boot is not null) return Ask(DoraClient.LogPath(lines: LogQuery.MaxLines, after: after) + DoraClient.LogConditions(boot: boot), take, out problem);
        // A log that begins anew (its memory was lost) counts from 1, and what it knows is all new.
        if (after > 0 && Newest() is { } newest && newest < after) after = 0;
        return Ask(DoraClient.LogPath(lines: LogQuery.MaxLines, follow: true, after: after), take, out problem);
    }

    /// <summary>Reads what is there; false when the answer is over.</summary>
    public bool Read()
    {
        var errno = Sys.Read(_connection, _buffer, out int count);
        if (errno is Errno.EAGAIN) return true;
        if (errno != Errno.None || count == 0) return false;
        _reader.Feed(_buffer.AsSpan(0, count), piece =>
        {
            if (_reader.Status == 200) _splitter.Feed(piece);
        });
        return _reader is { IsComplete: false, Error: null } && (!_reader.HasHead || _reader.Status == 200);
    }

    public void Dispose() => _connection.Dispose();

    private static LineSource? Ask(string path, Action<LogLine> take, out string problem)
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM, 0, out var connection).ThrowIfError("socket");
        var errno = Sys.ConnectUnix(connection, DoraClient.DefaultSocket);
        if (errno == Errno.None) errno = Sys.Send(connection, Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n"), null);
        if (errno == Errno.None) errno = Sys.SetNonBlocking(connection);
        problem = errno == Errno.None ? "" : $"{DoraClient.DefaultSocket}: {errno.Describe()}";
        if (errno == Errno.None) return new LineSource(connection, take);
        connection.Dispose();
        return null;
    }

    private static long? Newest()
    {
        long? newest = null;
        using var source = Ask(DoraClient.LogPath(lines: 1), line => newest = line.Sequence, out _);
        if (source is null) return null;
        var deadline = Sys.TimeSinceBoot() + s_limit;
        do
        {
            if (Sys.WaitReadable(source._connection, deadline) != Errno.None) return null;
        }
        while (source.Read());
        return newest;
    }

    private static LogLine? Parse(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty) return null; // a sign of life
        try
        {
            return JsonMapReader.Read<LogLine>(json);
        }
        catch (JsonException)
        {
            return null; // cut when the connection broke: it is asked for again
        }
    }
}
