using Dora.Core.Events;

namespace Dora.Init.Manager.Supervision;

// Interactive sessions. One in the surroundings of a service ends with the run that these are of.
internal sealed partial class Supervisor
{
    private readonly List<Service> _inSurroundings = []; // sessions in those of a service: looked at whenever any service moves

    private void FollowRelays(Service service)
    {
        service.Relay?.Follow(service.Name, service.State);
        if (service.Relay is not null) return;
        foreach (var session in _inSurroundings)
            if (session.Relay!.Saved.Service == service.Name) EndWithoutTarget(session);
    }

    private void EndRelaysWithoutTarget()
    {
        foreach (var session in _inSurroundings) EndWithoutTarget(session);
    }

    private void EndWithoutTarget(Service session)
    {
        if (session.RelayTarget is not null || session.State.IsDown || session.State.Phase is ServicePhase.Done or ServicePhase.Stopping or ServicePhase.Killing
            || _stopsAsked.Contains(session.Name)) return;
        Log.Info($"{session.Name}: stopping: {session.Relay!.Saved.Service} has ended");
        Stop(session);
    }

    /// <summary>
    /// The connection of a session that was not launched has gone with the last manager: nobody waits for it, and it must not
    /// be started with nobody there.
    /// </summary>
    private static ServiceState WithItsClient(Service service, ServiceState state) =>
        service.Relay is null || state.Pid != 0 || state.IsDown || state.Phase is ServicePhase.Done or ServicePhase.Stopping or ServicePhase.Killing
            || state is { Phase: ServicePhase.Starting, Pid: 0, Helper: Readiness.HelperKind.PreStart }
            ? state
            : new ServiceState { Phase = ServicePhase.Failed, Since = EventLoop.Now, Reason = "its client is gone: init's manager was replaced before it was started" };
}
