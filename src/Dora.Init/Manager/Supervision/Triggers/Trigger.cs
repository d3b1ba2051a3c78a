using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision.Triggers;

/// <summary>
/// What starts a service by itself (<c>on</c>). It listens while the service is at rest, and holds nothing while it
/// runs.
///
/// A start is owed when the stamp of the world is there and is another than that of the last start. So a condition that
/// holds already when the machine boots starts the service at once; a service that has ended is not started again by the
/// condition that still holds, but by one that was lost and has come again, or by a change that happened while it ran.
/// The stamp is part of the saved state: a new manager finds out what has happened in between.
///
/// A service that undoes its own condition with each run would be started for ever: as with sockets, the pause before it
/// is watched again grows with each run that was short.
/// </summary>
internal sealed class Trigger(Supervisor supervisor, Service service, IWorldSource source) : IDisposable
{
    private bool _isListening;
    private LoopTimer? _pause;
    private int _quickRuns;

    /// <summary>The world when it last went off; null: what is waited for was not there since.</summary>
    public string? Stamp { get; private set; }

    /// <summary>Starts from the world as it is: only what happens from here on counts.</summary>
    public void StartFromNow() => Stamp = source.Stamp();

    /// <summary>Starts from the world as a manager before this one has left it.</summary>
    public void StartFrom(string? stamp) => Stamp = stamp;

    /// <summary>Listens, and looks once.</summary>
    public void Watch()
    {
        if (_isListening || _pause is not null || !service.State.IsAtRest) return;
        try
        {
            source.Listen(Look);
            _isListening = true;
        }
        catch (LinuxException exception)
        {
            source.Rest();
            Log.Error($"{service.Name}: {exception.Message}: it is not started by itself");
            return;
        }
        Look();
    }

    /// <summary>It has ended by itself: watch again, after a pause if it would only spin.</summary>
    public void WatchAgain()
    {
        if (_isListening || _pause is not null) return;
        var pause = DemandListener.PauseAfter(service.State, service.Settings.Restart, ref _quickRuns);
        if (pause == TimeSpan.Zero) Watch();
        else
            _pause = supervisor.Loop.After(pause, service.Name, () =>
            {
                _pause = null;
                Watch();
            });
    }

    /// <summary>It is on its way up.</summary>
    public void Rest()
    {
        source.Rest();
        _isListening = false;
        _pause?.Cancel();
        _pause = null;
    }

    private void Look()
    {
        string? stamp = source.Stamp();
        if (stamp == Stamp) return;
        Stamp = stamp;
        supervisor.StateChanged?.Invoke();
        if (stamp is null) return;
        Log.Info($"{service.Name}: {Describe(service)}: starting it");
        Rest();
        supervisor.StartAgain(service);
    }

    /// <summary>What is waited for, in words.</summary>
    public static string Describe(Service service) => service.Settings.On is not { } on ? "" : on.Kind switch
    {
        Core.Configuration.TriggerKind.Path => $"{on.Target} is there",
        Core.Configuration.TriggerKind.Changed => $"{on.Target} has changed",
        Core.Configuration.TriggerKind.Device => $"device {on.Target} is there",
        Core.Configuration.TriggerKind.Carrier => "the network has a carrier",
        Core.Configuration.TriggerKind.Network => "the network is up",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public void Dispose()
    {
        Rest();
        source.Dispose();
    }
}
