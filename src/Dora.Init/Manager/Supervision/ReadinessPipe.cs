using Dora.Core.Linux;
using Dora.Init.Events;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// Readiness by a newline on a descriptor (the protocol of s6's notification-fd). The read end is kept by the guard as
/// well, so a service that says it while the manager is being started again is heard.
/// </summary>
internal sealed class ReadinessPipe : IDisposable
{
    private readonly Supervisor _supervisor;
    private readonly string _storeName;
    private readonly Action _ready;
    private readonly FileDescriptor _readEnd;
    private readonly Watch _watch;

    private ReadinessPipe(Supervisor supervisor, string service, FileDescriptor readEnd, FileDescriptor? writeEnd, Action ready)
    {
        _supervisor = supervisor;
        _storeName = StoreName(service);
        _ready = ready;
        _readEnd = readEnd;
        WriteEnd = writeEnd;
        _watch = supervisor.Loop.Watch(readEnd, Libc.EPOLLIN, service, _ => Read());
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
        supervisor.Store.Restored.TryGetValue(StoreName(service), out var readEnd)
            ? new ReadinessPipe(supervisor, service, readEnd, null, ready)
            : null;

    public void CloseWriteEnd()
    {
        WriteEnd?.Dispose();
        WriteEnd = null;
    }

    private void Read()
    {
        Span<byte> buffer = stackalloc byte[256];
        var errno = Sys.Read(_readEnd, buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno == Errno.None && count > 0)
        {
            // Anything before the newline is of no meaning.
            if (buffer[..count].Contains((byte)'\n')) _ready();
            return;
        }
        // Closed without a newline: it will never say it. The start timeout decides, for it may still be at work.
        _supervisor.Loop.Unwatch(_watch);
    }

    private static string StoreName(string service) => $"notify:{service}";

    public void Dispose()
    {
        _supervisor.Loop.Unwatch(_watch);
        _supervisor.Store.Remove(_storeName);
        _readEnd.Dispose();
        CloseWriteEnd();
    }
}
