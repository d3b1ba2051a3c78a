using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

// What follows when a service is given up (on-failure).
//
// It happens in the same batch of events as the failure itself, and the state is saved after the batch: a manager that is
// killed in between has saved neither, is told of the exit again, and does both.
//
// A reboot for a failure must not become a loop that nobody can log in to. Nothing that this machine can write to is sure
// to outlive a reboot, so the guard against it is the time since boot: before the tenth minute there is no reboot for a
// failure, the machine waits for it and says so, and whoever starts or stops the service, or ends the failure in any other
// way, calls it off. So a machine that fails at every boot still gives ten minutes in every round.
internal sealed partial class Supervisor
{
    private Service? _justFailed; // is not pulled in by its own handler: the two would spin

    public static readonly TimeSpan ShortestUptime = TimeSpan.FromMinutes(10);

    /// <summary>Asks for a reboot; the text says for what.</summary>
    public Action<string>? RebootAsked { get; set; }

    public void ReactToFailure(Service service)
    {
        if (IsEnding) return;
        var reaction = service.Settings.OnFailure;
        if (reaction.Reboots) RebootFor(service);
        else if (reaction.Service is { } name) StartHandler(service, name);
    }

    private void StartHandler(Service failed, string name)
    {
        // Two handlers that fail and start each other would spin.
        if (failed.State.Cause is { } first)
        {
            Log.Error($"{failed.Name}: failed as it was started for the failure of {first.Service}: {name} is not started for that");
            return;
        }
        if (FindOrMake(name) is not { } handler || !MayStart(handler))
        {
            Log.Error($"{failed.Name}: on-failure: {name} cannot be started: {(IsMasked(name) ? "it is masked" : "there is no such service, or it is pinned down")}");
            return;
        }
        Log.Warn($"{failed.Name}: on-failure: starting {name}");
        var cause = new StartCause(failed.Name, failed.State.Reason ?? "", failed.State.LastExit);
        TakeBackStop(handler);
        // A oneshot that has handled one failure handles the next as well.
        var kind = handler.State.Phase is ServicePhase.Done ? ServiceEventKind.RestartAsked : ServiceEventKind.StartAsked;
        handler.Apply(new(kind, Cause: cause));
        _justFailed = failed;
        try
        {
            PullIn(handler);
        }
        finally
        {
            _justFailed = null;
        }
    }

    private void RebootFor(Service failed)
    {
        if (EventLoop.Now >= ShortestUptime)
        {
            RebootAsked?.Invoke($"the failure of {failed.Name}");
            return;
        }
        Log.Error($"{failed.Name}: on-failure: the machine is rebooted when it has been up for {ShortestUptime.TotalMinutes:0} minutes; start or stop {failed.Name} to call that off");
        Loop.At(ShortestUptime, failed.Name, () =>
        {
            if (!IsEnding && Find(failed.Name) == failed && failed.State.IsGivenUp) RebootFor(failed);
        });
    }

    /// <summary>After a restart of the manager: a reboot that is still to come.</summary>
    private void AdoptFailure(Service service)
    {
        if (service.State.IsGivenUp && service.Settings.OnFailure.Reboots) RebootFor(service);
    }
}
