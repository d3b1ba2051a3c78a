using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>One pipe of a service: its standard output or error.</summary>
internal sealed class LogStream
{
    private const byte DaemonFacility = 3 * 8;
    private const byte Informational = 6, Warning = 4;

    private readonly LogServer _server;
    private readonly FileDescriptor _pipe;
    private readonly Watch _watch;
    private readonly LineSplitter _splitter = new();
    private readonly LineHandler _addLine;
    private readonly byte[] _service;
    private readonly LogSource _source;
    private byte _severity;
    private TimeSpan _lastRead;
    private bool _isLeaving;

    public LogStream(LogServer server, long id, byte[] service, LogSource source, FileDescriptor pipe)
    {
        _server = server;
        Id = id;
        _service = service;
        _source = source;
        _pipe = pipe;
        _addLine = AddLine;
        _watch = server.Loop.Watch(pipe, Libc.EPOLLIN, "stream", _ => OnReadable());
    }

    public long Id { get; }

    public ReadOnlySpan<byte> Service => _service;

    public bool HasPartial => _splitter.HasPartial;

    /// <summary>Gives out a line without end that began before <paramref name="before"/>.</summary>
    public void FlushPartial(TimeSpan before)
    {
        if (_lastRead <= before) _splitter.Flush(_addLine);
    }

    /// <summary>The rest of the line that has begun is read, and not a byte beyond it: that is for the next syslog.</summary>
    public void Leave()
    {
        _isLeaving = true;
        FinishLine();
    }

    private void FinishLine()
    {
        Span<byte> one = stackalloc byte[1];
        // Byte by byte, since nothing can be put back into a pipe; a bounded piece of it, as with any reading.
        for (int i = 0; i < LogRing.MaximumText && HasPartial; i++)
        {
            var errno = Sys.Read(_pipe, one, out int count);
            if (errno == Errno.EAGAIN) return; // its writer is in the middle of it
            if (errno == Errno.None && count > 0) _splitter.Feed(one, _addLine);
            else _splitter.Flush(_addLine);
        }
        if (HasPartial) return;
        _server.Loop.Unwatch(_watch);
        _server.HasLeft();
    }

    public void Close()
    {
        _server.Loop.Unwatch(_watch);
        _pipe.Dispose();
    }

    private void OnReadable()
    {
        if (_isLeaving)
        {
            FinishLine();
            return;
        }
        // One read a wake-up: a pipe's worth at most. Epoll is level-triggered and goes round, so a stream that is
        // never empty takes its turn with the others.
        var errno = Sys.Read(_pipe, _server.Buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno == Errno.None && count > 0)
        {
            _splitter.Feed(_server.Buffer.AsSpan(0, count), _addLine);
            _lastRead = EventLoop.Now;
            if (HasPartial) _server.WantSweep();
            return;
        }
        _splitter.Flush(_addLine);
        _server.EndStream(this);
    }

    private void AddLine(ReadOnlySpan<byte> line, bool isContinuation)
    {
        if (!isContinuation) // else it is the priority of the line that goes on
            _severity = PriorityPrefix.TryStrip(ref line, out int severity) ? (byte)severity
                : _source == LogSource.Error ? Warning : Informational;
        _server.Add(new LogEntry
        {
            Priority = (byte)(DaemonFacility | _severity), Source = _source, IsContinuation = isContinuation,
            Service = _service, Text = line,
        });
    }
}
