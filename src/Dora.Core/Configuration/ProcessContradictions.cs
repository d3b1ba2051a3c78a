using static Dora.Core.Configuration.ServiceContradictions;

namespace Dora.Core.Configuration;

/// <summary>The rules of <see cref="ServiceContradictions"/> for the keys of <see cref="ProcessKeys"/>.</summary>
internal static class ProcessContradictions
{
    private const string NoTerminal = "there is no 'tty' to take", IsConnection = "is the connection, with 'per-connection'";

    public static readonly IReadOnlyList<Rule> All =
    [
        new("stdin", s => s.PerConnection, IsConnection),
        new("stdout", s => s.PerConnection, IsConnection),
        new("stdin", s => IsTerminal(s.Process.Input) && s.Terminal is null, NoTerminal),
        new("stdout", s => IsTerminal(s.Process.Output) && s.Terminal is null, NoTerminal),
        new("stderr", s => IsTerminal(s.Process.Error) && s.Terminal is null, NoTerminal),
        new("stdout", s => s.Logger, "cannot go with 'logger': its own output goes to the kernel's log"),
        new("stderr", s => s.Logger, "cannot go with 'logger': its own output goes to the kernel's log"),
        new("ambient-capabilities", s => s.User is null or "root" or "0", "has no meaning for root, who has them all; name a 'user', or limit root by 'capabilities'"),
        new("ambient-capabilities", s => s.Process.Capabilities is { } most && (s.Process.AmbientCapabilities & ~most) != 0, "holds what 'capabilities' leaves out"),
        new("writable-paths", s => !s.Process.ReadOnlyRoot && s.Process.ReadOnlyPaths.Count == 0, "has no meaning without 'read-only-root' or 'read-only-paths'"),
        new("private-devices", s => s.Process.PrivateDevices && s.Terminal is not null, "hides the 'tty' that the service is for"),
        new("root", s => s.Process.Root is not null && s.RuntimeDirectory is not null, "hides the 'runtime-directory', which is made in /run; leave one of them out"),
        new("seccomp-action", s => s.Process.SystemCalls is null, "has no meaning without 'seccomp'"),
        new("no-new-privileges", s => !s.Process.NoNewPrivileges && s.Process.SystemCalls is not null, "cannot be false with 'seccomp', which brings it along"),
    ];

    private static bool IsTerminal(StreamTarget? stream) => stream is { Kind: StreamKind.Terminal };
}
