namespace Dora.Core.Configuration;

/// <summary>
/// What a service's process gets beside the plain things of <see cref="ServiceSettings"/>: priorities, privileges, cgroup
/// limits and its sandbox. Each property has a key in <see cref="ProcessKeys"/> and a section in docs/services.md.
/// Never changed once the file is read: <see cref="With"/> copies.
/// </summary>
internal sealed class ProcessSettings
{
    public static readonly ProcessSettings Default = new();

    /// <summary><c>groups</c>, besides those that /etc/group gives the user.</summary>
    public IReadOnlyList<string> Groups { get; set; } = [];

    public IReadOnlyList<OptionalPath> EnvironmentFiles { get; set; } = [];
    public string? Root { get; set; }
    public int? Nice { get; set; }

    /// <summary>As ioprio_set(2) takes it: class above bit 13, level below.</summary>
    public int? IoPriority { get; set; }

    public Scheduling? Scheduling { get; set; }

    /// <summary><c>cpu-affinity</c>: numbers of processors; empty is all.</summary>
    public IReadOnlyList<int> Processors { get; set; } = [];

    public int? OomScoreAdjust { get; set; }

    /// <summary><c>capabilities</c>: the bounding set as a mask; null leaves it whole.</summary>
    public ulong? Capabilities { get; set; }

    public ulong AmbientCapabilities { get; set; }
    public bool NoNewPrivileges { get; set; }

    /// <summary><c>stdin</c>; null is what the kind of service has by itself: the terminal, the connection or nothing.</summary>
    public StreamTarget? Input { get; set; }

    public StreamTarget? Output { get; set; }
    public StreamTarget? Error { get; set; }

    /// <summary><c>cgroup</c>: values for files of its cgroup, in the order of the file.</summary>
    public IReadOnlyList<CgroupSetting> Cgroup { get; set; } = [];

    public bool Delegate { get; set; }
    public bool PrivateTmp { get; set; }
    public bool ReadOnlyRoot { get; set; }
    public IReadOnlyList<OptionalPath> HiddenPaths { get; set; } = [];
    public IReadOnlyList<OptionalPath> ReadOnlyPaths { get; set; } = [];
    public IReadOnlyList<OptionalPath> WritablePaths { get; set; } = [];
    public bool PrivateNetwork { get; set; }
    public bool PrivateDevices { get; set; }
    public bool ProtectKernelTunables { get; set; }
    public bool PrivateUsers { get; set; }

    /// <summary><c>seccomp</c>: numbers of the system calls that are allowed, sorted; null allows all.</summary>
    public IReadOnlyList<int>? SystemCalls { get; set; }

    /// <summary><c>seccomp-action: kill</c>; else a forbidden call fails with EPERM.</summary>
    public bool KillOnForbiddenCall { get; set; }

    /// <summary>A copy with one thing changed.</summary>
    public ProcessSettings With(Action<ProcessSettings> change)
    {
        var copy = (ProcessSettings)MemberwiseClone();
        change(copy);
        return copy;
    }

    /// <summary>A copy with all paths replaced; for instances of templates.</summary>
    public ProcessSettings WithPaths(Func<string, string> replace)
    {
        if (this == Default) return this;
        return With(copy =>
        {
            copy.Root = Root is null ? null : replace(Root);
            copy.EnvironmentFiles = Each(EnvironmentFiles, replace);
            copy.HiddenPaths = Each(HiddenPaths, replace);
            copy.ReadOnlyPaths = Each(ReadOnlyPaths, replace);
            copy.WritablePaths = Each(WritablePaths, replace);
            copy.Input = Input?.WithPath(replace);
            copy.Output = Output?.WithPath(replace);
            copy.Error = Error?.WithPath(replace);
        });
    }

    private static OptionalPath[] Each(IReadOnlyList<OptionalPath> paths, Func<string, string> replace)
    {
        var result = new OptionalPath[paths.Count];
        for (int i = 0; i < result.Length; i++) result[i] = new OptionalPath(replace(paths[i].Path), paths[i].MayBeMissing);
        return result;
    }
}

/// <summary>A path; written with a <c>-</c> in front it may be missing.</summary>
internal sealed class OptionalPath(string path, bool mayBeMissing)
{
    public string Path { get; } = path;
    public bool MayBeMissing { get; } = mayBeMissing;
}

/// <summary>A policy of sched(7), SCHED_*, and the priority of the real-time ones.</summary>
internal sealed class Scheduling(int policy, int priority)
{
    public int Policy { get; } = policy;
    public int Priority { get; } = priority;
}

/// <summary>A file of a cgroup and the values that are written to it, one write(2) each.</summary>
internal sealed class CgroupSetting(string file, IReadOnlyList<string> values)
{
    public string File { get; } = file;
    public IReadOnlyList<string> Values { get; } = values;
}
