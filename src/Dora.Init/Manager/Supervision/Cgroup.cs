using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// A cgroup (version 2) of one service or session: everything it ever started is in here, however often it forked or
/// started a session of its own. It tells when it is empty by an event (cgroup.events), and cgroup.kill ends all of it
/// at once.
/// </summary>
internal class Cgroup : IDisposable
{
    // Of folders that a service made inside its own.
    private const int Deepest = 32;

    private readonly EventLoop _loop;
    private readonly string _name;
    private readonly Action _emptied;
    private FileDescriptor? _events;
    private Watch? _watch;

    public Cgroup(EventLoop loop, string path, string name, Action emptied)
    {
        _loop = loop;
        _name = name;
        _emptied = emptied;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Makes the folder and listens; an existing one is taken over.</summary>
    public Errno Create()
    {
        if (_events is not null) return Errno.None;
        var errno = Sys.MakeDirectories(Path, 0x1ED);
        if (errno != Errno.None) return errno;
        errno = Sys.Open(Path + "/cgroup.events", Libc.O_RDONLY, 0, out var events);
        if (errno != Errno.None) return errno;
        _events = Sys.OutOfTheWay(events);
        // cgroups(7): a change of cgroup.events is an EPOLLPRI.
        _watch = _loop.Watch(_events, Libc.EPOLLPRI, _name, _ => Changed());
        return Errno.None;
    }

    /// <summary>
    /// A folder nobody has been in, for a launch; EBUSY when processes of an earlier run are still in the old one.
    ///
    /// Always a new one, for since Linux 6.14 a cgroup counts the writes to its cgroup.kill, and a child that clone3
    /// puts into a cgroup whose count is not that of its parent's cgroup is killed at birth (cgroup_post_fork in
    /// kernel/cgroup/cgroup.c: it closes the gap through which a fork escaped the kill). Making the folder again sets
    /// the count to 0, which is also that of the manager's own cgroup: nobody may ever write cgroup.kill there.
    /// </summary>
    public virtual Errno Renew()
    {
        var errno = Remove();
        return errno == Errno.None ? Create() : errno;
    }

    /// <summary>The same for one that nobody listens to.</summary>
    public static Errno Renew(string path)
    {
        var errno = RemoveTree(path, depth: 0);
        return errno == Errno.None ? Sys.MakeDirectories(path, 0x1ED) : errno;
    }

    /// <summary>Listens to the folder if there is one; nothing is made.</summary>
    public virtual void TakeUp()
    {
        if (Sys.Exists(Path)) _ = Create();
    }

    /// <summary>Whether a process is in it; read now. A cgroup that does not exist is empty.</summary>
    public virtual bool IsPopulated
    {
        get
        {
            Span<byte> buffer = stackalloc byte[128];
            if (_events is not null && Sys.ReadAt(_events, buffer, 0, out int count) == Errno.None)
                return buffer[..count].IndexOf("populated 1"u8) >= 0;
            return false;
        }
    }

    public virtual Errno Kill() => Sys.WriteFile(Path + "/cgroup.kill", "1");

    /// <summary>
    /// Pids of the processes in it, in the order the kernel lists them, then those in the folders that it made inside;
    /// its helper commands are not among them.
    /// </summary>
    public virtual IReadOnlyList<int> Processes() => ProcessesIn(Path);

    /// <summary>The same for any folder.</summary>
    public static IReadOnlyList<int> ProcessesIn(string path)
    {
        var pids = new List<int>();
        AddProcesses(path, pids, depth: 0);
        return pids;
    }

    private static void AddProcesses(string path, List<int> pids, int depth)
    {
        foreach (var line in (Sys.ReadText(path + "/cgroup.procs") ?? "").AsSpan().EnumerateLines())
            if (int.TryParse(line, out int pid)) pids.Add(pid);
        if (depth == Deepest) return;
        foreach (string child in Sys.ListDirectories(path))
            if (depth > 0 || !Helpers.IsFolder(child)) AddProcesses($"{path}/{child}", pids, depth + 1);
    }

    /// <summary>
    /// Whether the kernel has killed a process in it for want of memory, its own limit's or the machine's. The count is
    /// that of this run: each has a new folder.
    /// </summary>
    public virtual bool HasRunOutOfMemory
    {
        get
        {
            foreach (var line in (Sys.ReadText(Path + "/memory.events") ?? "").AsSpan().EnumerateLines())
                if (line.StartsWith("oom_kill ") && !line[9..].SequenceEqual("0")) return true;
            return false;
        }
    }

    /// <summary>Sends a signal to every process in it and below.</summary>
    public virtual void Signal(int signal)
    {
        foreach (int pid in Processes()) _ = Sys.Kill(pid, signal);
    }

    /// <summary>Removes the folder, and those that the service made inside; it must be empty of processes.</summary>
    public virtual Errno Remove()
    {
        Close();
        var errno = RemoveTree(Path, depth: 0);
        // The last one out; else it is not empty, and stays.
        if (CgroupPaths.SliceOf(Path) is { } slice) _ = Sys.RemoveDirectory(slice);
        return errno;
    }

    private static Errno RemoveTree(string path, int depth)
    {
        if (depth > Deepest) return Errno.ELOOP;
        var errno = Sys.RemoveDirectory(path);
        if (errno is Errno.None or Errno.ENOENT) return Errno.None;
        foreach (string child in Sys.ListDirectories(path)) _ = RemoveTree($"{path}/{child}", depth + 1);
        return Sys.RemoveDirectory(path);
    }

    private void Changed()
    {
        if (!IsPopulated) _emptied();
    }

    private void Close()
    {
        if (_watch is not null) _loop.Unwatch(_watch);
        _watch = null;
        _events?.Dispose();
        _events = null;
    }

    public void Dispose() => Close();
}
