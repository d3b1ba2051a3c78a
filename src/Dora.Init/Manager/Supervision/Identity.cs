using Dora.Core.Configuration;
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
        if (settings.User is null && settings.Group is null) return s_root;
        // Read at each launch: what was added since the last one counts.
        var accounts = UserDatabase.Load();
        var user = accounts.FindUser(settings.User ?? "root")
            ?? throw new LaunchException($"user {settings.User}: there is no such user in /etc/passwd");
        uint gid = user.Gid;
        if (settings.Group is { } name)
            gid = (accounts.FindGroup(name) ?? throw new LaunchException($"group {name}: there is no such group in /etc/group")).Gid;
        return new Identity(user.Name, user.Uid, gid, accounts.GroupsOf(user), user.Home, user.Shell);
    }

    /// <summary>What login(1) sets; the file's own environment may say otherwise.</summary>
    public void Introduce(LaunchPlanBuilder builder) =>
        builder.Variable("HOME", Home).Variable("USER", User).Variable("LOGNAME", User).Variable("SHELL", Shell);

    public void ApplyTo(LaunchPlanBuilder builder, ServiceSettings settings)
    {
        builder.Umask(settings.Umask);
        if (!settings.ResourceLimits.ContainsKey(OpenFiles)) builder.Limit(OpenFiles, ResourceLimits.Number(OpenFiles), s_openFiles, mayFail: true);
        foreach (var (name, limit) in settings.ResourceLimits) builder.Limit(name, ResourceLimits.Number(name), limit);
        if (settings.User is not null || settings.Group is not null) builder.User(User, Uid, Gid, Groups);
        builder.Directory(settings.Directory);
    }
}

/// <summary>What keeps a service from being launched, in words.</summary>
internal sealed class LaunchException(string message) : Exception(message);
