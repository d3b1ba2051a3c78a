namespace Dora.Init.Manager.Supervision;

// The logger, where it is a role of init itself (`init syslog`): guard, manager and syslog are one program, which an
// upgrade replaces as a whole. Syslog goes last, when the new guard serves: what it has not taken waits in pipes and
// sockets, which the guard holds, for its successor.
internal sealed partial class Supervisor
{
    internal static bool IsOwnLogger(Service service) =>
        service.Settings is { Logger: true, Command: [var program, "syslog", ..], Process.Root: null } && program[(program.LastIndexOf('/') + 1)..] == "init";

    /// <summary>Init has been upgraded: its logger too. Who needs it is not restarted with it, since nothing changes for them.</summary>
    public void ReplaceLogger()
    {
        foreach (var service in _services.Values)
            if (IsOwnLogger(service) && service.State.IsUp && !IsEnding && !_stopsAsked.Contains(service.Name))
                service.Apply(new(ServiceEventKind.RestartAsked));
    }
}
