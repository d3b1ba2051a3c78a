using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Supervision;

/// <summary>Who a service runs as, in numbers: /etc/passwd and /etc/group are read here, for a static program has no NSS.</summary>
internal sealed record Identity(string User, uint Uid, uint Gid, IReadOnlyList<uint> Groups, string Home, string Shell)
{
    private const string OpenFiles = "nofile";

    // Not what the manager needs for itself: programs that use select(2) rely on 1024, others may raise it. In a
    // container that may not raise limits, ours was not raised either, and theirs stays as it is.
    private static readonly ResourceLimit s_openFiles = new(1024, 1 << 16);
    private static readonly Identity s_root = new("root", 0, 0, [], "/root", "/bin/sh");

    /// <summary>Throws <see cref="LaunchException"/> when user or group is not known.</summary>
    public static Identity Of(ServiceSettings settings)
    {
        var further = settings.Process.Groups;
        if (settings.User is null && settings.Group is null && further.Count == 0) return s_root;
        // Read at each launch: what was added since the last one counts.
        var accounts = UserDatabase.Load();
        var user = accounts.FindUser(settings.User ?? "root")
            ?? throw new LaunchException($"user {settings.User}: there is no such user in /etc/passwd");
        uint gid = user.Gid;
        if (settings.Group is { } name)
            gid = (accounts.FindGroup(name) ?? throw new LaunchException($"group {name}: there is no such group in /etc/group")).Gid;
        var groups = new List<uint>(accounts.GroupsOf(user));
        foreach (string other in further)
        {
            var group = accounts.FindGroup(other) ?? throw new LaunchException($"groups: {other}: there is no such group in /etc/group");
            if (!groups.Contains(group.Gid)) groups.Add(group.Gid);
        }
        return new Identity(user.Name, user.Uid, gid, groups, user.Home, user.Shell);
    }

    /// <summary>What login(1) sets; the file's own environment may say otherwise.</summary>
    public void Introduce(LaunchPlanBuilder builder) =>
        builder.Variable("HOME", Home).Variable("USER", User).Variable("LOGNAME", User).Variable("SHELL", Shell);

    /// <summary>
    /// Everything from priorities to the system call filter. The order is the meaning: what needs root comes first; the
    /// mounts see all paths before the root is changed; limits hold for all that follows; a user namespace gives its
    /// processes all capabilities in it, so they are dropped behind its entry; the directory is entered as the user.
    /// In the <paramref name="surroundings"/> of a service these take the place of mounts and root, with their users where they
    /// have some. <paramref name="users"/> is a user namespace that was made already, if that is so.
    /// </summary>
    public void ApplyTo(LaunchPlanBuilder builder, ServiceSettings settings, Surroundings? surroundings = null, FileDescriptor? users = null)
    {
        var process = settings.Process;
        builder.OwnMemory = process.LimitsMemory;
        builder.Priorities(process);
        if (surroundings is not null) surroundings.Enter(builder);
        else
        {
            Sandbox.Apply(builder, settings);
            if (process.Root is { } root) builder.Root(root);
        }
        builder.Umask(settings.Umask);
        if (!settings.ResourceLimits.ContainsKey(OpenFiles)) builder.Limit(OpenFiles, NumberOf(OpenFiles), s_openFiles, mayFail: true);
        foreach (var (name, limit) in settings.ResourceLimits) builder.Limit(name, NumberOf(name), limit);
        if (process.PrivateUsers) builder.EnterUserNamespace(users ?? UserNamespace.Make([0, Uid], [0, Gid, .. Groups]));
        surroundings?.EnterUsers(builder);

        ulong kept = process.Capabilities ?? CapabilityName.All;
        if (process.PrivateDevices) kept &= ~(CapabilityName.Mask("mknod") | CapabilityName.Mask("sys_rawio"));
        if (kept != CapabilityName.All) builder.BoundingSet(kept, LastCapability());
        if (settings.User is not null || settings.Group is not null || process.Groups.Count > 0 || surroundings is { HasUsers: true })
            builder.UserWith(process.AmbientCapabilities, User, Uid, Gid, Groups);
        builder.Directory(settings.Directory);
        // Without it only root may set a filter, and a set-user-ID program would run under one it does not expect.
        if (process.NoNewPrivileges || process.SystemCalls is not null) builder.NoNewPrivileges();
        if (process.SystemCalls is { } calls) builder.Filter(calls, process.KillOnForbiddenCall);
    }

    private static int NumberOf(string limit) =>
        ResourceLimitName.Find(limit)?.Number ?? throw new ArgumentException($"no such resource limit: {limit}");

    // Dropping one that the kernel does not have is an error.
    private static int LastCapability() =>
        int.TryParse(Sys.ReadText("/proc/sys/kernel/cap_last_cap"), out int last) ? Math.Min(last, 63) : CapabilityName.Names.Count - 1;
}

/// <summary>What keeps a service from being launched, in words.</summary>
internal sealed class LaunchException(string message) : Exception(message);
