using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// A main process that the service has named itself (MAINPID). It may be the child of another process, which then reaps
/// it, and the guard never hears of its end: so it is watched through a pidfd. If it is a child of PID 1, the guard
/// tells, with the exit code, and this says nothing.
/// </summary>
internal sealed class ForeignMain : IDisposable
{
    private readonly EventLoop _loop;
    private readonly FileDescriptor _process;
    private readonly Watch _watch;

    private ForeignMain(EventLoop loop, string owner, FileDescriptor process, Action<ForeignMain> ended)
    {
        _loop = loop;
        _process = process;
        _watch = loop.Watch(process, Libc.EPOLLIN, owner, _ => ended(this));
    }

    /// <summary>Null if it cannot be watched; one that is gone already is told of after the event in hand.</summary>
    public static ForeignMain? Watch(EventLoop loop, Service service, int pid)
    {
        void Ended(ForeignMain? watched)
        {
            watched?.Dispose();
            // A zombie whose parent is PID 1 is the guard's to tell of; it keeps it until we have heard.
            if (service.State.Pid == pid && ProcessStatus.Read(pid) is not { ParentPid: 1 })
                service.Apply(new(ServiceEventKind.MainExited, pid, ProcessExit.Unseen));
        }

        var errno = Sys.OpenProcess(pid, out var process);
        if (errno == Errno.None) return new ForeignMain(loop, service.Name, process, Ended);
        if (errno == Errno.ESRCH) loop.Post(service.Name, () => Ended(null));
        else Log.Warn($"{service.Name}: watch process {pid}: {errno.Describe()}");
        return null;
    }

    public void Dispose()
    {
        _loop.Unwatch(_watch);
        _process.Dispose();
    }
}
