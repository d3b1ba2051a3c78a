namespace Dora.Core.Configuration;

/// <summary>The keys of <see cref="ProcessSettings"/>: a part of <see cref="ServiceKeys.All"/>.</summary>
internal static class ProcessKeys
{
    private const string Truth = "true or false", Paths = "list of absolute paths";

    // Before the table that uses it: static fields are set from top to bottom.
    private static readonly (string Word, bool Value)[] s_actions = [("error", false), ("kill", true)];

    public static readonly IReadOnlyList<SettingKey<ServiceDraft>> All =
    [
        Key("groups", "list of names or numbers", "", "Further groups of its process.", (p, v) => p.Groups = v.Accounts()),
        Key("environment-files", Paths, "", "Files with further variables.", (p, v) => p.EnvironmentFiles = v.Paths()),
        Key("root", "absolute path", "", "The directory that is its root.", (p, v) => p.Root = v.SandboxPath()),
        Key("stdin", "none, tty or a path", "none", "Where its standard input comes from.", (p, v) => p.Input = v.Stream(isInput: true)),
        Key("stdout", "log, none, tty or a path", "log", "Where its standard output goes.", (p, v) => p.Output = v.Stream(isInput: false)),
        Key("stderr", "log, none, tty or a path", "log", "Where its standard error output goes.", (p, v) => p.Error = v.Stream(isInput: false)),
        Key("nice", "number from -20 to 19", "0", "Its share of the processor; less is more.", (p, v) => p.Nice = v.Integer(-20, 19)),
        Key("scheduling", "other, batch, idle, fifo:N or rr:N", "other", "Its scheduling policy.", (p, v) => p.Scheduling = v.Scheduling()),
        Key("cpu-affinity", "list of processors", "", "The processors that it may use.", (p, v) => p.Processors = v.Processors()),
        Key("ionice", "idle, best-effort:N or realtime:N", "", "The priority of its disk access.", (p, v) => p.IoPriority = v.IoPriority()),
        Key("oom-score-adj", "number from -1000 to 1000", "0", "How readily it is killed when memory runs out.", (p, v) => p.OomScoreAdjust = v.Integer(-1000, 1000)),
        Key("cgroup", "mapping of files to values", "", "Limits of its cgroup.", (p, v) => p.Cgroup = v.CgroupFiles()),
        new("slice", "name of a group", "", "The group whose cgroup it shares with others.",
            (draft, v) => draft with { Settings = draft.Settings with { Slice = v.GroupName(draft.References) } }),
        Key("delegate", Truth, "false", "Gives it its cgroup to make others in.", (p, v) => p.Delegate = v.Boolean()),
        Key("capabilities", "list of capabilities", "all", "All that it can ever have.", (p, v) => p.Capabilities = v.Capabilities()),
        Key("ambient-capabilities", "list of capabilities", "", "What its user has besides.", (p, v) => p.AmbientCapabilities = v.Capabilities()),
        Key("no-new-privileges", Truth, "false", "Set-user-ID programs do not work for it.", (p, v) => p.NoNewPrivileges = v.Boolean()),
        Key("private-tmp", Truth, "false", "An empty /tmp and /var/tmp of its own.", (p, v) => p.PrivateTmp = v.Boolean()),
        Key("read-only-root", Truth, "false", "It can write to no file system.", (p, v) => p.ReadOnlyRoot = v.Boolean()),
        Key("read-only-paths", Paths, "", "What it cannot write to.", (p, v) => p.ReadOnlyPaths = v.SandboxPaths()),
        Key("writable-paths", Paths, "", "Exceptions from these two.", (p, v) => p.WritablePaths = v.SandboxPaths()),
        Key("hidden-paths", Paths, "", "What is empty for it.", (p, v) => p.HiddenPaths = v.SandboxPaths()),
        Key("private-devices", Truth, "false", "A /dev without devices.", (p, v) => p.PrivateDevices = v.Boolean()),
        Key("protect-kernel-tunables", Truth, "false", "It cannot write to /proc/sys and /sys.", (p, v) => p.ProtectKernelTunables = v.Boolean()),
        Key("private-network", Truth, "false", "No network but a loopback of its own.", (p, v) => p.PrivateNetwork = v.Boolean()),
        Key("private-users", Truth, "false", "No users but root and its own.", (p, v) => p.PrivateUsers = v.Boolean()),
        Key("seccomp", "list of groups and system calls", "", "The system calls that it may make.", (p, v) => p.SystemCalls = v.SystemCalls()),
        Key("seccomp-action", "error or kill", "error", "What another call leads to.", (p, v) => p.KillOnForbiddenCall = v.Choice(s_actions)),
    ];

    private static SettingKey<ServiceDraft> Key(string name, string form, string @default, string summary, Action<ProcessSettings, SettingValue> apply) =>
        new(name, form, @default, summary, (draft, value) =>
            draft with { Settings = draft.Settings with { Process = draft.Settings.Process.With(process => apply(process, value)) } });
}
