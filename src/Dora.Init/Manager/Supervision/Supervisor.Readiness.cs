using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

// What services say and what is looked at goes through here where it touches the guard's store, the saved state, or an
// exit that is not a main process's.
internal sealed partial class Supervisor
{
    // The names under which a service's things lie in the guard's store, other than its sockets and its output.
    private static readonly string[] s_storePrefixes = ["sd_notify:", "notify:", "fd:", ServiceRelay.StorePrefix];

    private readonly HashSet<string> _taken = [];
    private readonly Queue<Action> _afterSave = new();

    /// <summary>Runs <paramref name="action"/> once the state as it is now has been saved: what it lets go can be lost then, and what it answers holds.</summary>
    public void AfterSave(Action action) => _afterSave.Enqueue(action);

    /// <summary>To be called when the state has been saved, or has not changed since it was.</summary>
    public void Saved()
    {
        for (int i = _afterSave.Count; i > 0; i--) _afterSave.Dequeue()();
        // What these have put behind themselves is for the next save: the loop must not sleep before that.
        if (_afterSave.Count > 0) Loop.Post("services", static () => { });
    }

    /// <summary>A descriptor that the last manager left, once; null if there is none.</summary>
    public FileDescriptor? TakeRestored(string name) =>
        Store.Restored.TryGetValue(name, out var fd) && _taken.Add(name) ? fd : null;

    public IReadOnlyList<string> RestoredNames(string prefix)
    {
        var names = new List<string>();
        foreach (string name in Store.Restored.Keys)
            if (name.StartsWith(prefix, StringComparison.Ordinal)) names.Add(name);
        return names;
    }

    /// <summary>Reads its own configuration anew; the service may have its own means, or none.</summary>
    public void Reload(Service service)
    {
        if (!IsEnding) service.Apply(new(ServiceEventKind.ReloadAsked));
    }

    /// <summary>What nobody has taken up belongs to a service, or a run of one, that is no more.</summary>
    private void DropUnclaimed()
    {
        foreach (string prefix in s_storePrefixes)
            foreach (string name in RestoredNames(prefix))
                if (TakeRestored(name) is { } fd)
                {
                    Store.Remove(name);
                    fd.Dispose();
                }
    }

    private bool HelperExited(int pid, ProcessExit exit)
    {
        foreach (var service in _services.Values)
            if (service.Companions?.Ended(pid, exit) == true) return true;
        return false;
    }
}
