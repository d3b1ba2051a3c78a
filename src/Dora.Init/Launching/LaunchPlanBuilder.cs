using System.Buffers.Binary;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>
/// Compiles declarative settings into the flat list of calls of a <see cref="LaunchPlan"/>. The order of the steps is
/// the order below and is part of the meaning: limits and groups while still root, the user last.
/// </summary>
internal sealed partial class LaunchPlanBuilder(string name, IReadOnlyList<string> command, string? program = null)
{
    /// <summary>Descriptors handed to a child are first moved to this number or above, so that placing them at 0, 1, 2, 3 ... never overwrites one that is still to be placed.</summary>
    public const int SourceFloor = 200;

    private const int TiocsctTy = 0x540E, CloseRangeCloexec = 4;
    private readonly List<LaunchStep> _steps = [new("start a session", SystemCall.setsid, false)];
    private readonly Dictionary<string, string> _environment = new()
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    };

    private int _nextDescriptor = 3;
    private int _highestDescriptor = 2; // that a step names
    private readonly List<string> _pidVariables = [];

    public string? Cgroup { get; set; }

    /// <summary><see cref="LaunchPlan.OwnMemory"/>.</summary>
    public bool OwnMemory { get; set; }

    /// <summary>The child needs no descriptor but those that steps name: <see cref="LaunchPlan.DescriptorsBelow"/>.</summary>
    public bool HasOnlyNamedDescriptors { get; set; }

    public LaunchPlanBuilder Variable(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    /// <summary>stdin, stdout and stderr; each descriptor's number is <see cref="SourceFloor"/> or above.</summary>
    public LaunchPlanBuilder StandardStreams(FileDescriptor input, FileDescriptor output, FileDescriptor error)
    {
        Place("stdin", input, 0);
        Place("stdout", output, 1);
        Place("stderr", error, 2);
        return this;
    }

    /// <summary>Makes the terminal the session's own, and all three standard streams.</summary>
    public LaunchPlanBuilder Terminal(FileDescriptor terminal, string path)
    {
        // tty_ioctl(4): 1 steals it from a session that still has it; a shell left behind must not deny the console.
        _steps.Add(new($"make {path} the controlling terminal", SystemCall.ioctl, true, Named(terminal), TiocsctTy, 1));
        return StandardStreams(terminal, terminal, terminal);
    }

    /// <summary>Another stdin, stdout or stderr in place of the one that is there.</summary>
    public LaunchPlanBuilder Redirect(string stream, FileDescriptor source, int number)
    {
        Place(stream, source, number);
        return this;
    }

    /// <summary>The next descriptor from 3 on; returns the number that the child sees.</summary>
    public int Pass(string label, FileDescriptor source)
    {
        Place(label, source, _nextDescriptor);
        return _nextDescriptor++;
    }

    /// <summary>sd_listen_fds(3): descriptors from 3 on, and how the child learns of them.</summary>
    public LaunchPlanBuilder ListenDescriptors(IReadOnlyList<(string Name, FileDescriptor Fd)> sockets)
    {
        if (sockets.Count == 0) return this;
        if (_nextDescriptor != 3) throw new InvalidOperationException("LISTEN_FDS start at 3");
        var names = new List<string>();
        foreach (var (socketName, fd) in sockets)
        {
            Pass($"socket {socketName}", fd);
            names.Add(socketName);
        }
        _environment["LISTEN_FDS"] = sockets.Count.ToString();
        _environment["LISTEN_FDNAMES"] = string.Join(':', names);
        return PidVariable("LISTEN_PID");
    }

    /// <summary>A variable that has the child's own pid.</summary>
    public LaunchPlanBuilder PidVariable(string variable)
    {
        _environment[variable] = new string(' ', 20); // the child writes its pid over it
        if (!_pidVariables.Contains(variable)) _pidVariables.Add(variable);
        return this;
    }

    public LaunchPlanBuilder Umask(uint mask)
    {
        _steps.Add(new("set umask", SystemCall.umask, false, mask));
        return this;
    }

    public LaunchPlanBuilder Limit(string limit, int resource, ResourceLimit value, bool mayFail = false)
    {
        var pair = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(pair, value.Soft);
        BinaryPrimitives.WriteUInt64LittleEndian(pair.AsSpan(8), value.Hard);
        _steps.Add(new($"set rlimit {limit}", SystemCall.prlimit64, mayFail, 0, resource, pair, 0));
        return this;
    }

    public LaunchPlanBuilder User(string user, uint uid, uint gid, IReadOnlyList<uint> groups)
    {
        var list = new byte[Math.Max(groups.Count, 1) * 4];
        for (int i = 0; i < groups.Count; i++) BinaryPrimitives.WriteUInt32LittleEndian(list.AsSpan(i * 4), groups[i]);
        _steps.Add(new($"set groups of {user}", SystemCall.setgroups, false, groups.Count, list));
        _steps.Add(new($"change to group {gid}", SystemCall.setresgid, false, gid, gid, gid));
        _steps.Add(new($"change to user {user}", SystemCall.setresuid, false, uid, uid, uid));
        return this;
    }

    /// <summary>The program's path, and all that it opens, is below <paramref name="path"/>.</summary>
    public LaunchPlanBuilder Root(string path)
    {
        _steps.Add(new($"change root to {path}", SystemCall.chroot, false, path));
        return Directory("/");
    }

    public LaunchPlanBuilder Directory(string path)
    {
        _steps.Add(new($"change to directory {path}", SystemCall.chdir, false, path));
        return this;
    }

    public LaunchPlan Build(bool asSibling)
    {
        // Whatever else is open in us ends at the exec; descriptors of ours are close-on-exec anyway.
        _steps.Add(new("close other descriptors", SystemCall.close_range, true, _nextDescriptor, uint.MaxValue, CloseRangeCloexec));
        foreach (string variable in _pidVariables) _steps.Add(new(variable, SystemCall.WritePid, false));
        // Last of all, or the steps behind it would have to be allowed too.
        if (_filter is not null) _steps.Add(_filter);
        var environment = new List<string>();
        var places = PlacesOf(program ?? command[0]);
        foreach (var (variable, value) in _environment) environment.Add($"{variable}={value}");
        return new LaunchPlan
        {
            Name = name,
            Program = places[0],
            OtherPlaces = places.Count == 1 ? [] : places[1..],
            Arguments = command,
            Environment = environment,
            Steps = _steps,
            Cgroup = Cgroup,
            OwnMemory = OwnMemory,
            Held = _held,
            DescriptorsBelow = HasOnlyNamedDescriptors ? _highestDescriptor + 1 : 0,
            AsSibling = asSibling,
        };
    }

    /// <summary>A name without a path is looked for in the PATH that the program gets.</summary>
    private List<string> PlacesOf(string name)
    {
        var places = new List<string>();
        if (!name.Contains('/'))
            foreach (string folder in _environment["PATH"].Split(':', StringSplitOptions.RemoveEmptyEntries)) places.Add($"{folder}/{name}");
        if (places.Count == 0) places.Add(name);
        return places;
    }

    private void Place(string label, FileDescriptor source, int target)
    {
        if (source.Number < SourceFloor) throw new ArgumentException($"{label}: descriptor {source.Number} could be overwritten");
        // dup3(2) clears close-on-exec on the copy, which is what the child keeps.
        _steps.Add(new($"{label} as descriptor {target}", SystemCall.dup3, false, Named(source), target, 0));
    }

    public int Named(FileDescriptor descriptor)
    {
        _highestDescriptor = Math.Max(_highestDescriptor, descriptor.Number);
        return descriptor.Number;
    }
}
