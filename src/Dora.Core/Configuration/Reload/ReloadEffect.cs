namespace Dora.Core.Configuration.Reload;

/// <summary>Which changes of a service that runs take effect without starting it again.</summary>
internal static class ReloadEffect
{
    /// <summary>What init looks up at the moment it needs it: nothing of it has gone into the process.</summary>
    internal static readonly IReadOnlyList<string> AtOnce =
    [
        "description", "start", "needs", "wants", "after", "before", "milestone", "on", "schedule", "unless", "restart", "success", "on-failure",
        "start-timeout", "stop-signal", "stop-timeout", "helper-timeout", "reload-signal",
        "max-connections", "max-connections-per-source", "when-full", "survives-soft-reboot", "log-rate",
    ];

    /// <summary>Of a service with a process for each connection: all else takes effect with the next connection.</summary>
    internal static readonly IReadOnlyList<string> OfListeners = ["type", "sockets", "per-connection", "poll-limit"];

    public static bool NeedsRestart(ServiceSettings before, ServiceSettings after, IReadOnlyList<KeyChange> changes)
    {
        // A group has no process at all.
        if (before.Type is ServiceType.Group && after.Type is ServiceType.Group) return false;
        bool isListener = before.PerConnection && after.PerConnection;
        foreach (var change in changes)
            if (isListener ? IsOneOf(change, OfListeners) : !IsOneOf(change, AtOnce)) return true;
        return false;
    }

    private static bool IsOneOf(KeyChange change, IReadOnlyList<string> keys)
    {
        foreach (string key in keys)
            if (change.Key == key || change.Key.StartsWith(key + ".", StringComparison.Ordinal)) return true;
        return false;
    }
}
