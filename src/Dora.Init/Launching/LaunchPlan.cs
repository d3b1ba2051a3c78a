using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>
/// How a process starts, as data: the system calls that the child makes in order, and what it executes in the end.
/// Everything that thinks has happened before: user names are numbers here, paths are checked, descriptors are open.
/// </summary>
internal sealed record LaunchPlan
{
    /// <summary>Who it is for, in messages.</summary>
    public required string Name { get; init; }

    public required string Program { get; init; }

    /// <summary>Where it is looked for as well, in this order, when it is not there: the rest of PATH.</summary>
    public IReadOnlyList<string> OtherPlaces { get; init; } = [];

    /// <summary>argv, argv[0] included.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>envp, as NAME=value.</summary>
    public required IReadOnlyList<string> Environment { get; init; }

    public required IReadOnlyList<LaunchStep> Steps { get; init; }

    /// <summary>Folder of the cgroup that it is born in (CLONE_INTO_CGROUP); null: the caller's own.</summary>
    public string? Cgroup { get; init; }

    /// <summary>
    /// The child gets a copy of our memory instead of sharing it until its exec, which takes twice as long. In a cgroup
    /// with a limit of memory it has to: when the kernel kills a process there, it kills all that share its memory, and
    /// it does not know that child for a vfork's, since its parent is PID 1.
    /// </summary>
    public bool OwnMemory { get; init; }

    /// <summary>
    /// The child gets copies of the descriptors below this number and none of the others; 0: of all. A manager of a thousand
    /// services holds thousands, and to copy them all and close them at the exec took longer than the exec.
    /// </summary>
    public int DescriptorsBelow { get; init; }

    /// <summary>A descriptor that steps use; closed by the launch.</summary>
    public FileDescriptor? Held { get; init; }

    /// <summary>Whether it becomes a child of our parent: services of the manager are PID 1's children from birth.</summary>
    public bool AsSibling { get; init; }
}

/// <summary>What came of a launch: a pid, or what failed in words, with what the failing call said and whether that was the execution of the program itself.</summary>
internal readonly record struct LaunchResult(int Pid, string? Failure, Errno Errno = Errno.None, bool IsExecute = false)
{
    public bool Succeeded => Failure is null;
}
