using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// Where a service runs, as descriptors: the namespaces of its main process that are not ours, and its root. Opened through
/// one descriptor of /proc/PID, so all of them are of one process, and that is the service's: its cgroup says so.
///
/// The order of entry is that of nsenter(1): what belongs to the outer user namespace first, while we have all rights there,
/// the user namespace last. The pid namespace is entered by children alone, so it is the relay's affair; of a process that
/// has given its children another one (unshare --pid) it is theirs.
/// </summary>
internal sealed class Surroundings : IDisposable
{
    private static readonly (string File, int Kind)[] s_kinds =
        [("cgroup", Libc.CLONE_NEWCGROUP), ("ipc", Libc.CLONE_NEWIPC), ("uts", Libc.CLONE_NEWUTS), ("net", Libc.CLONE_NEWNET), ("mnt", Libc.CLONE_NEWNS)];

    private readonly List<(string Label, int Kind, FileDescriptor Fd)> _namespaces = [];
    private readonly Dictionary<FileDescriptor, int> _numbers = [];
    private FileDescriptor? _users, _processes, _root;
    private string _userMap = "";

    /// <summary>Whether it has users of its own: there nobody keeps what he was outside.</summary>
    public bool HasUsers => _users is not null;

    /// <summary>In the relay, once they are passed; -1 without one.</summary>
    public int NumberOfProcesses => _processes is null ? -1 : _numbers[_processes];

    public int NumberOfRoot => _root is null ? -1 : _numbers[_root];

    public static Surroundings Of(Service service)
    {
        int pid = service.State.Pid;
        if (Sys.Open($"/proc/{pid}", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var process) != Errno.None)
            throw new LaunchException($"its main process has ended ({service.Name})");
        var surroundings = new Surroundings();
        using (process)
        {
            try
            {
                surroundings.Open(process);
                // Opened first and asked then: the descriptor is of that process for ever, its number need not be.
                if (!CgroupMembership.Holds(service.Cgroup.Path, pid)) throw new LaunchException($"process {pid} is not one of {service.Name} any more");
                return surroundings;
            }
            catch (LinuxException exception)
            {
                surroundings.Dispose();
                throw new LaunchException($"its main process has ended or may not be entered ({service.Name}): {exception.Message}");
            }
            catch
            {
                surroundings.Dispose();
                throw;
            }
        }
    }

    private void Open(FileDescriptor process)
    {
        foreach (var (file, kind) in s_kinds)
            if (OpenForeign(process, file, file) is { } entered) _namespaces.Add(($"enter {file} namespace", kind, entered));
        _processes = OpenForeign(process, "pid_for_children", "pid");
        _users = OpenForeign(process, "user", "user");
        if (_users is not null) _userMap = MapOf(process);
        Sys.OpenAt(process, "root", Libc.O_PATH | Libc.O_DIRECTORY, out _root).ThrowIfError("open", "its root");
    }

    private static string MapOf(FileDescriptor process)
    {
        if (Sys.OpenAt(process, "uid_map", Libc.O_RDONLY, out var file) != Errno.None) return "";
        Span<byte> map = stackalloc byte[4096]; // a page at most (user_namespaces(7))
        using (file) return Sys.Read(file, map, out int count) == Errno.None ? System.Text.Encoding.ASCII.GetString(map[..count]) : "";
    }

    private static FileDescriptor? OpenForeign(FileDescriptor process, string file, string own)
    {
        var errno = Sys.OpenAt(process, $"ns/{file}", Libc.O_RDONLY, out var found);
        // pid_for_children has no target as long as no child was born there: there is nothing to enter yet.
        if (errno == Errno.ENOENT) return null;
        errno.ThrowIfError("open", $"{file} namespace");
        bool isOurs = Sys.Stat(found, out var its) == Errno.None && Sys.Stat($"/proc/self/ns/{own}", out var ours) == Errno.None
            && its.st_ino == ours.st_ino && its.st_dev == ours.st_dev;
        if (!isOurs) return found;
        found.Dispose();
        return null;
    }

    /// <summary>Passes all of them on, by <paramref name="pass"/>, which tells the number that each has there.</summary>
    public void PassOn(Func<string, FileDescriptor, int> pass)
    {
        foreach (var (label, _, fd) in _namespaces) _numbers[fd] = pass(label, fd);
        if (_processes is not null) _numbers[_processes] = pass("pid namespace", _processes);
        if (_users is not null) _numbers[_users] = pass("user namespace", _users);
        if (_root is not null) _numbers[_root] = pass("root", _root);
    }

    /// <summary>All but the users.</summary>
    public void Enter(LaunchPlanBuilder builder)
    {
        foreach (var (label, kind, fd) in _namespaces) builder.Step(label, SystemCall.setns, _numbers[fd], kind);
        builder.Step("change directory to its root", SystemCall.fchdir, NumberOfRoot).Step("change root to its own", SystemCall.chroot, ".");
    }

    public void EnterUsers(LaunchPlanBuilder builder)
    {
        if (_users is not null) builder.Step("enter user namespace", SystemCall.setns, _numbers[_users], Libc.CLONE_NEWUSER);
    }

    /// <summary>The number that a user of it has outside (user_namespaces(7): lines of inside, outside, count); the number itself where none is told.</summary>
    public uint Outside(uint uid)
    {
        if (_users is null) return uid;
        foreach (string line in _userMap.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 3 && uint.TryParse(words[0], out uint inside) && uint.TryParse(words[1], out uint outside) && uint.TryParse(words[2], out uint count)
                && uid >= inside && uid - inside < count) return outside + (uid - inside);
        }
        return uid;
    }

    public void Dispose()
    {
        foreach (var (_, _, fd) in _namespaces) fd.Dispose();
        _users?.Dispose();
        _processes?.Dispose();
        _root?.Dispose();
    }
}
