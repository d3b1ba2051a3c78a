using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Supervision;

// Transient services: commands that somebody has asked to be run once. Such a one is a service like any other (cgroup,
// log, stop, adoption), but its file is the request, which is saved with the state; and it is forgotten some time after
// its end. The request is saved before its process exists: a manager that is killed in between leaves a cgroup, and the
// next one knows what it is.
internal sealed partial class Supervisor
{

    /// <summary>How many are known at once, with those that have ended.</summary>
    private const int MostTransients = 256;

    /// <summary>Bytes of their requests together. JSON may need six for one, and the state has a slot of 4 MiB.</summary>
    private const int LongestTransients = 170 * 1024;

    private static readonly TimeSpan s_keptAfterEnd = TimeSpan.FromMinutes(10);

    private int _lastTransient;
    private LoopTimer? _forgetting;

    /// <summary>Writes the state at once, for what the next manager has to know before it happens; set by the manager.</summary>
    public Action? SaveNow { get; set; }

    /// <summary>A name that no service has.</summary>
    public string NextTransientName(string prefix = "run")
    {
        string name;
        do name = $"{prefix}-{++_lastTransient}";
        while (Find(name) is not null);
        return name;
    }

    /// <summary>Whether there is room for one more; those that have ended are forgotten for it, the oldest first.</summary>
    public bool HasRoomForTransient(int length)
    {
        while (true)
        {
            int count = 0, total = length;
            Service? oldest = null;
            foreach (var service in _services.Values)
            {
                if (service.TransientText is not { } text) continue;
                count++;
                total += text.Length;
                if (IsOver(service) && (oldest is null || service.State.Since < oldest.State.Since)) oldest = service;
            }
            if (count < MostTransients && total <= LongestTransients) return true;
            if (oldest is null) return false;
            Forget(oldest);
        }
    }

    /// <summary>Starts it; one of this name that has ended makes room, and no other may have it.</summary>
    public Service RunTransient(ServiceSettings settings, string text, ServiceRelay? relay = null)
    {
        if (Find(settings.Name) is { } ended) Forget(ended);
        var service = AddTransient(settings, text, relay);
        StateChanged?.Invoke();
        SaveNow?.Invoke();
        Start(service);
        return service;
    }

    /// <summary>It has ended, and is listed for a while.</summary>
    public static bool IsOver(Service service) =>
        service.TransientText is not null && (service.State.IsDown || service.State.Phase is ServicePhase.Done);

    private Service AddTransient(ServiceSettings settings, string text, ServiceRelay? relay)
    {
        var service = new Service(this, _launcher, settings, CgroupPaths.Jobs) { TransientText = text, Relay = relay };
        _services.Add(settings.Name, service);
        if (relay?.Saved.Service is not null) _inSurroundings.Add(service);
        return service;
    }

    /// <summary>After a restart of the manager; null if this version cannot read the request any more.</summary>
    private Service? RecreateTransient(string name, string text, SavedRelay? relay)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var settings = (relay is null ? TransientService.Read(name, bytes) : TransientService.ReadSession(name, bytes, null)).Settings;
        if (settings is null)
        {
            Log.Error($"{name}: this version of init cannot read what it was run with: it goes on, but is not known any more");
            return null;
        }
        if (_services.Remove(name, out var file))
        {
            Log.Warn($"{name}: {file.Settings.File} is not used while a command that is run under this name is known");
            file.Dispose();
        }
        return AddTransient(settings, text, relay is null ? null : ServiceRelay.Restore(this, name, relay));
    }

    private void AdoptTransients(SavedState saved)
    {
        _lastTransient = saved.LastTransient;
        foreach (string name in Sys.ListDirectories(CgroupPaths.Jobs))
            if (Find(name) is not { TransientText: not null }) Linger($"{CgroupPaths.Jobs}/{name}", name);
    }

    /// <summary>Forgets those whose time has come, and comes back for the next.</summary>
    private void ForgetEndedTransients()
    {
        var now = EventLoop.Now;
        TimeSpan? next = null;
        foreach (var service in _services.Values.ToArray())
        {
            if (!IsOver(service)) continue;
            var until = service.State.Since + s_keptAfterEnd;
            if (until <= now) Forget(service);
            else if (next is null || until < next) next = until;
        }
        if (next is not { } time || _forgetting is { HasFired: false, IsCancelled: false } timer && timer.Deadline <= time) return;
        _forgetting?.Cancel();
        _forgetting = Loop.At(time, "transient services", ForgetEndedTransients);
    }
}
