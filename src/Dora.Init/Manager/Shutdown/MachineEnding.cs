using Dora.Core.Linux;
using Dora.Init.Events;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Shutdown;

/// <summary>
/// The ordered end of the machine: services are stopped in reverse order, then the guard does the rest (Guard/Ending).
/// The first request wins; a later one with force pre-empts the order, not the kind. The guard knows the limit, so that
/// the machine ends even if this process does not come to it.
/// </summary>
internal sealed class MachineEnding(EventLoop loop, GuardLink guard, Supervisor supervisor)
{
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(5);
    private bool _isHandedOver;

    /// <summary>How the machine is being ended; null while it is not.</summary>
    public MachineEnd? End { get; private set; }

    public void Request(MachineEnd end, bool force, string by)
    {
        if (End is null)
        {
            End = end;
            Log.Info($"{Ending.Describe(end)} asked for by {by}: stopping services");
            guard.Ending(end, supervisor.StopLimit + s_margin);
            supervisor.EndAll();
            loop.After(s_reportInterval, "shutdown", Report);
        }
        else Log.Info($"{Ending.Describe(end)} asked for by {by}: {Ending.Describe(End.Value)} is under way already" + (force ? ", now by force" : ""));

        if (force) HandOver();
        Check();
    }

    /// <summary>To be called after every change of a service.</summary>
    public void Check()
    {
        if (End is not null && supervisor.IsAllDown) HandOver();
    }

    private void HandOver()
    {
        if (_isHandedOver) return;
        _isHandedOver = true;
        guard.End(End!.Value);
        // The guard does the rest, and first of all waits for everyone to leave.
        loop.Stop();
    }

    private void Report()
    {
        if (_isHandedOver) return;
        var waiting = new List<string>();
        foreach (var service in supervisor.Services)
            if (!service.State.IsDown) waiting.Add($"{service.Name} ({Service.Words(service.State.Phase)})");
        Log.Warn($"{Ending.Describe(End!.Value)}: waiting for {string.Join(", ", waiting)}");
        loop.After(s_reportInterval, "shutdown", Report);
    }
}
