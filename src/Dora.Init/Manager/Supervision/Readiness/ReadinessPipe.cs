using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// Readiness by a newline on a descriptor (the protocol of s6's notification-fd). The read end is kept by the guard as
/// well, so a service that says it while the manager is being started again is heard. And the newline stays in the pipe
/// until the state that it leads to has been saved: a manager that is killed in between has not swallowed it.
/// </summary>
internal sealed class ReadinessPipe
{
    private readonly Supervisor _supervisor;
    private readonly string _storeName;
    private readonly Action _ready;
    private readonly FileDescriptor _readEnd;
    private readonly Watch _watch;
    private readonly (FileDescriptor Read, FileDescriptor Write) _scratch;

    private ReadinessPipe(Supervisor supervisor, string service, FileDescriptor readEnd, FileDescriptor? writeEnd, Action ready)
    {
        _supervisor = supervisor;
        _storeName = StoreName(service);
        _ready = ready;
        _readEnd = readEnd;
        WriteEnd = writeEnd;
        _ = Sys.Pipe(out var read, out var write, Libc.O_NONBLOCK);
        _scratch = (read, write);
        _watch = supervisor.Loop.Watch(readEnd, Libc.EPOLLIN, service, _ => Look());
    }

    /// <summary>For the child; null once it has it.</summary>
    public FileDescriptor? WriteEnd { get; private set; }

    public static ReadinessPipe? Open(Supervisor supervisor, string service, Action ready)
    {
        var errno = Sys.Pipe(out var readEnd, out var writeEnd, Libc.O_NONBLOCK);
        if (errno != Errno.None)
        {
            Log.Error($"{service}: pipe for notify: {errno.Describe()}");
            return null;
        }
        // The child's end is its own open file: it may block like any other.
        _ = Sys.SetBlocking(writeEnd);
        supervisor.Store.Put(StoreName(service), readEnd);
        return new ReadinessPipe(supervisor, service, readEnd, writeEnd, ready);
    }

    public static ReadinessPipe? Restore(Supervisor supervisor, string service, Action ready) =>
        supervisor.TakeRestored(StoreName(service)) is { } readEnd ? new ReadinessPipe(supervisor, service, readEnd, null, ready) : null;

    public void CloseWriteEnd()
    {
        WriteEnd?.Dispose();
        WriteEnd = null;
    }

    /// <summary>Whether it has been said by now.</summary>
    public void Look()
    {
        Span<byte> buffer = stackalloc byte[256];
        // Without a second pipe (no descriptors left) it has to be read at once.
        var errno = _scratch.Read.IsOpen ? Sys.PeekPipe(_readEnd, _scratch, buffer, out int count) : Sys.Read(_readEnd, buffer, out count);
        if (errno == Errno.EAGAIN) return;
        if (errno == Errno.None && count > 0)
        {
            if (buffer[..count].Contains((byte)'\n')) _ready();
            // Anything before the newline is of no meaning.
            else if (_scratch.Read.IsOpen) _ = Sys.Read(_readEnd, buffer[..count], out _);
            return;
        }
        // Closed without a newline: it will never say it. The start timeout decides, for it may still be at work.
        _supervisor.Loop.Unwatch(_watch);
    }

    private static string StoreName(string service) => $"notify:{service}";

    /// <summary>Nothing more is to be heard.</summary>
    public void Rest()
    {
        _supervisor.Loop.Unwatch(_watch);
        CloseWriteEnd();
    }

    /// <summary>After <see cref="Rest"/>, once the state is saved; if the next run has one already, the guard's copy is that one's.</summary>
    public void Close(bool isReplaced)
    {
        if (!isReplaced) _supervisor.Store.Remove(_storeName);
        _readEnd.Dispose();
        _scratch.Read.Dispose();
        _scratch.Write.Dispose();
    }
}
