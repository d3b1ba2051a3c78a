namespace Dora.Core.Configuration;

/// <summary>Settings that are fine alone and make no sense together.</summary>
internal static class ServiceContradictions
{
    internal sealed record Rule(string Key, Func<ServiceSettings, bool> IsBroken, string Message);

    // Key is where the message points, and it has to be in the file: with a rule on a default nobody could act.
    private static readonly Rule[] s_rules =
    [
        new("per-connection", s => s.PerConnection && s.Sockets.Count == 0, "needs 'sockets' to take connections from"),
        new("per-connection", s => s.PerConnection && s.Type is ServiceType.Oneshot, "a oneshot takes no connections; leave out 'type: oneshot'"),
        new("per-connection", s => s.PerConnection && HasDatagrams(s), "a datagram socket or FIFO has no connections"),
        new("per-connection", s => s.PerConnection && s.Notify is not ReadinessProtocol.None, "its processes are ready at once; leave out 'notify'"),
        new("per-connection", s => s.PerConnection && s.Terminal is not null, "its processes have the connection as stdin and stdout; leave out 'tty'"),
        new("max-connections", s => !s.PerConnection, "has no meaning without 'per-connection: true'"),
        new("max-connections-per-source", s => !s.PerConnection, "has no meaning without 'per-connection: true'"),
        new("max-connections-per-source", s => s.MaxConnectionsPerSource > s.MaxConnections, "is more than max-connections"),
        new("when-full", s => !s.PerConnection, "has no meaning without 'per-connection: true'"),
        new("poll-limit", s => !s.PerConnection && (s.Start is not StartCondition.Demand || s.Sockets.Count == 0), "has no meaning without 'per-connection: true', or 'start: demand' with 'sockets'"),
        new("socket-stdin", s => s.SocketStdin && s.Sockets.Count != 1, "needs exactly one socket"),
        new("socket-stdin", s => s.SocketStdin && s.PerConnection, "its processes have the connection as stdin and stdout; leave out 'socket-stdin'"),
        new("socket-stdin", s => s.SocketStdin && s.Terminal is not null, "cannot go with 'tty'"),
        new("socket-stdin", s => s.SocketStdin && s.Process.Input is not null, "cannot go with 'stdin'"),
        new("restart", s => s.Type is ServiceType.Oneshot && s.Restart.When is RestartCondition.Always, "a oneshot that always restarts never ends; write on-failure or never"),
        new("notify", s => s.Type is ServiceType.Oneshot && s.Notify is not ReadinessProtocol.None, "a oneshot is ready when it has ended; leave out 'notify'"),
        new("sockets", s => s.ForEach is not InstanceSource.None && s.Sockets.Count > 0, "the instances of a template cannot share sockets; leave out 'for-each' or 'sockets'"),
        new("on-failure", s => s.PerConnection, "its sessions end with their connections; leave it out"),
        new("on", s => s.On is not null && s.Start is not StartCondition.Demand, "needs 'start: demand': it is what starts it"),
        new("on", s => s.PerConnection, "its sockets are open from boot on; leave out 'per-connection' or 'on'"),
        new("on", s => s.On is not null && s.Sockets.Count > 0, "its sockets start it already; leave out 'sockets' or 'on'"),
        new("on", s => s.ForEach is not InstanceSource.None, "a template is not started itself; leave out 'for-each' or 'on'"),
        new("schedule", s => s.Type is not ServiceType.Oneshot, "only a oneshot can be run at times; write 'type: oneshot'"),
        new("schedule", s => s.ForEach is not InstanceSource.None, "a template is not started itself; leave out 'for-each' or 'schedule'"),
        new("schedule", s => s.Schedule is not null && s.On is not null, "it is started by 'on' already; leave out one of them"),
        new("start", s => s.Schedule is not null && s.Start is StartCondition.Boot, "its schedule starts it; leave it out, and write \"@reboot\" into 'schedule' for a run at boot"),
        new("unless", s => s.Type is not ServiceType.Oneshot, "only a oneshot can be done without being run; write 'type: oneshot' or leave it out"),
        new("ready", s => s.Notify is not ReadinessProtocol.None, "it says by 'notify' when it is ready; leave one of them out"),
        new("ready", s => s.Type is ServiceType.Oneshot, "a oneshot is ready when it has ended; leave out 'ready'"),
        new("ready", s => s.PerConnection, "its processes are ready at once; leave out 'ready'"),
        new("health", s => s.Type is ServiceType.Oneshot, "a oneshot does not stay; leave out 'health'"),
        new("health", s => s.PerConnection, "goes with one process that stays, not with 'per-connection'"),
        new("watchdog", s => s.Notify is not ReadinessProtocol.Systemd, "needs 'notify: systemd': its signs of life are WATCHDOG=1"),
        new("fd-store", s => s.DescriptorLimit > 0 && s.Notify is not ReadinessProtocol.Systemd, "needs 'notify: systemd': descriptors come with FDSTORE=1"),
        new("pre-start", s => s.PerConnection, "goes with one process that stays, not with 'per-connection'"),
        new("stop-command", s => s.PerConnection, "goes with one process that stays, not with 'per-connection'"),
        new("stop-command", s => s.Type is ServiceType.Oneshot, "a oneshot that is done has nothing to stop; leave out 'stop-command'"),
        new("post-stop", s => s.PerConnection, "goes with one process that stays, not with 'per-connection'"),
        new("reload-command", s => s.ReloadSignal != 0, "there is a 'reload-signal' already; leave one of them out"),
        new("reload-command", s => s.PerConnection || s.Type is ServiceType.Oneshot, "goes with one process that stays"),
        new("reload-signal", s => s.PerConnection || s.Type is ServiceType.Oneshot, "goes with one process that stays"),
        new("helper-timeout", s => s.PreStart.Count + s.StopCommand.Count + s.PostStop.Count + s.ReloadCommand.Count == 0, "has no meaning without 'pre-start', 'stop-command', 'post-stop' or 'reload-command'"),
        new("logger", s => s.Logger && s.PerConnection, "cannot go with 'per-connection': it is one process that runs all the time"),
        new("logger", s => s.Logger && s.Type is ServiceType.Oneshot, "cannot be a oneshot: it is one process that runs all the time"),
        new("logger", s => s.Logger && s.ForEach is not InstanceSource.None, "cannot be a template: it is one process that runs all the time"),
        new("logger", s => s.Logger && s.Terminal is not null, "cannot have a 'tty': its input is the output of the others"),
        .. ProcessContradictions.All,
    ];

    // All that a group can have; whatever else is about a process.
    private static readonly string[] s_keysOfGroups =
        ["description", "type", "for-each", "start", "needs", "wants", "after", "before", "milestone", "on", "cgroup"];

    private static bool HasDatagrams(ServiceSettings settings)
    {
        foreach (var socket in settings.Sockets)
            if (!socket.HasConnections) return true;
        return false;
    }

    public static void Check(ServiceSettings settings, Dictionary<string, Position> given, ProblemList problems)
    {
        foreach (var rule in s_rules)
            if (given.TryGetValue(rule.Key, out var position) && rule.IsBroken(settings))
                problems.Add(position, $"{rule.Key}: {rule.Message}");
        if (settings.Type is ServiceType.Group)
            foreach (var (key, position) in given)
                if (Array.IndexOf(s_keysOfGroups, key) < 0) problems.Add(position, $"{key}: has no meaning for a group, which has no process; leave it out");
        if (settings.ForEach is not InstanceSource.None)
            foreach (string problem in ServiceTemplate.Problems(settings))
                problems.Add(given["for-each"], problem);
    }
}
