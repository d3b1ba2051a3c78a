using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Shutdown;

/// <summary>
/// The ordered end of the machine as far as the manager does it: everybody is told, sessions end, then services in
/// reverse order, each within its own limits; the guard does the rest (Guard/Ending). docs/ending.md lists the phases.
///
/// The first request wins: another one of the same kind changes nothing, one of another kind is refused with what is
/// under way. A request with force pre-empts what runs, and may change its kind: nothing is waited for any more.
/// The guard knows the limit from the first moment on, so that the machine ends even if this process does not come to
/// it. A soft reboot is the manager's alone: when all is down it leaves, and the next manager starts everything.
/// </summary>
internal sealed class MachineEnding(EventLoop loop, GuardLink guard, Supervisor supervisor)
{
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(5);
    private bool _isHandedOver, _isReporting, _isFinishing;

    /// <summary>How the machine is being ended; null while it is not.</summary>
    public MachineEnd? End { get; private set; }

    public string By { get; private set; } = "";

    /// <summary>When it was asked for, since boot.</summary>
    public TimeSpan Since { get; private set; }

    /// <summary>How long services may take in all.</summary>
    public TimeSpan Limit { get; private set; }

    /// <summary>Told when an end has begun or changed: the state is to be saved now.</summary>
    public Action? Began { get; set; }

    /// <summary>All is down for a soft reboot: the state is to be saved for the next manager, and the loop left.</summary>
    public Action? SoftRebootReady { get; set; }

    /// <summary>Where it is, in a word; null while nothing is being ended.</summary>
    public string? Phase => End is null ? null : _isHandedOver ? "processes" : !supervisor.IsEnding ? "begun" : supervisor.HasSessions ? "sessions" : "services";

    /// <summary>
    /// From here on it must happen: the guard knows at once, whatever becomes of this process. Only the doing waits for
    /// <paramref name="delay"/>. The answer is why it is refused, or null.
    /// </summary>
    public string? Request(MachineEnd end, bool force, string by, TimeSpan delay = default)
    {
        if (End is { } first && first != end && !MayReplace(first, end, force))
        {
            string refusal = $"{Ending.Describe(end)} refused: {Describe()}; with --force nothing is waited for";
            Log.Announce($"manager: {refusal} (asked for by {by})");
            return refusal;
        }

        bool isFirst = End is null;
        if (isFirst || force || End != end)
        {
            End = end;
            By = by;
            if (isFirst) Since = EventLoop.Now;
            Limit = supervisor.StopLimit + s_margin;
            string text = $"{Ending.Describe(end)} asked for by {by}" + (force ? ", by force: nothing is waited for" : ": stopping services");
            Log.Announce($"manager: {text}");
            // Saved first: the next manager tells the guard what this one had no time to.
            Began?.Invoke();
            if (end != MachineEnd.SoftReboot) guard.Ending(end, Limit + delay);
            if (isFirst) Terminals.Tell(text);
            After(delay, force ? Force : StopServices);
        }
        else Log.Info($"{Ending.Describe(end)} asked for by {by}: under way already");
        return null;
    }

    // The guard knows of every end but a soft reboot: that gives way to a real one, and can no longer be meant after it.
    private static bool MayReplace(MachineEnd first, MachineEnd end, bool force) =>
        first == MachineEnd.SoftReboot || (force && end != MachineEnd.SoftReboot);

    /// <summary>Goes on with what the last manager had begun.</summary>
    public void Resume(SavedState state)
    {
        if (state.End is not { } end) return;
        Since = state.EndSince ?? EventLoop.Now;
        End = end;
        By = state.EndBy ?? "the manager before this one";
        Limit = supervisor.StopLimit + s_margin;
        Log.Info($"{Ending.Describe(end)} asked for by {By}: going on with it");
        if (end != MachineEnd.SoftReboot) guard.Ending(end, Limit);
        StopServices();
    }

    public void Save(SavedState state)
    {
        state.End = End;
        state.EndBy = End is null ? null : By;
        state.EndSince = End is null ? null : Since;
    }

    /// <summary>What is under way, in words.</summary>
    public string Describe()
    {
        string waiting = WaitsFor() is { Count: > 0 } names ? $", waiting for {string.Join(", ", names)}" : "";
        return $"{Ending.Describe(End!.Value)} is under way (asked for by {By} {(EventLoop.Now - Since).TotalSeconds:0} s ago), phase {Phase}{waiting}";
    }

    /// <summary>Services that are not down yet, with what they do, and behind them the last write.</summary>
    public IReadOnlyList<string> WaitsFor()
    {
        var waiting = new List<string>();
        if (supervisor.IsEnding)
            foreach (var service in supervisor.Services)
                if (!service.State.IsDown && !supervisor.IsSpared(service)) waiting.Add($"{service.Name} ({Service.Words(service.State.Phase)})");
        if (_isFinishing) waiting.Add("the history of jobs");
        return waiting;
    }

    private void After(TimeSpan delay, Action action)
    {
        if (delay == TimeSpan.Zero) action();
        else loop.After(delay, "shutdown", action);
    }

    private void StopServices()
    {
        supervisor.EndAll(spareSurvivors: End == MachineEnd.SoftReboot);
        if (!_isReporting) loop.After(s_reportInterval, "shutdown", Report);
        _isReporting = true;
        Check();
    }

    private void Force()
    {
        if (End != MachineEnd.SoftReboot)
        {
            HandOver();
            return;
        }
        StopServices();
        supervisor.KillAll();
        Check();
    }

    /// <summary>To be called after every change of a service.</summary>
    public void Check()
    {
        if (_isFinishing || supervisor is not { IsEnding: true, IsAllDown: true }) return;
        if (supervisor.Jobs.History is not { } history)
        {
            HandOver();
            return;
        }
        // The last service has ended, and that may be a job; soon the place of the file is unmounted.
        _isFinishing = true;
        history.Finish(() =>
        {
            _isFinishing = false;
            if (supervisor.IsAllDown) HandOver(); // not if another end is under way by now, which ends more
        });
    }

    private void HandOver()
    {
        if (_isHandedOver) return;
        _isHandedOver = true;
        if (End == MachineEnd.SoftReboot)
        {
            Log.Announce($"manager: soft reboot: all services are down, starting anew");
            SoftRebootReady?.Invoke();
        }
        else guard.End(End!.Value);
        // The guard does the rest, and first of all waits for everyone to leave.
        loop.Stop();
    }

    private void Report()
    {
        if (_isHandedOver) return;
        Log.Announce($"manager: {Ending.Describe(End!.Value)}: {(EventLoop.Now - Since).TotalSeconds:0} s of at most {Limit.TotalSeconds:0} s, waiting for {string.Join(", ", WaitsFor())}");
        loop.After(s_reportInterval, "shutdown", Report);
    }
}
