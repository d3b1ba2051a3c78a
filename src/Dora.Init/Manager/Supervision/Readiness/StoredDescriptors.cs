using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// What a service leaves with us (FDSTORE=1) to find it again at its next start, as LISTEN_FDS behind its sockets. The
/// guard keeps it, under names that say all there is to know: <c>fd:SERVICE:NUMBER:NAME</c>.
///
/// The number comes from what is here, so that a manager which carries out a datagram that its predecessor had carried
/// out already (<see cref="NotifySocket"/>) does not count: descriptors of the same open file are kept once.
/// </summary>
internal sealed class StoredDescriptors : IDisposable
{
    internal sealed class Entry(int number, string name, FileDescriptor fd)
    {
        public int Number { get; } = number;
        public string Name { get; } = name;
        public FileDescriptor Fd { get; } = fd;
    }

    private const string Prefix = "fd:";
    private const string Unnamed = "stored"; // as systemd calls it
    private readonly IDescriptorStore _store;
    private readonly string _prefix;
    private readonly List<Entry> _kept = []; // by number

    public StoredDescriptors(Supervisor supervisor, string service)
    {
        _store = supervisor.Store;
        // 3 + 60 + 1 + 4 + 1 + 64 bytes at most: within the guard's limit.
        _prefix = $"{Prefix}{StableName.Of(service, service.Contains(':') ? 0 : 60)}:";
        foreach (string name in supervisor.RestoredNames(_prefix))
        {
            int colon = name.IndexOf(':', _prefix.Length);
            if (colon > 0 && int.TryParse(name.AsSpan(_prefix.Length, colon - _prefix.Length), out int number) && supervisor.TakeRestored(name) is { } fd)
                Insert(new Entry(number, name[(colon + 1)..], fd));
        }
    }

    private void Insert(Entry entry)
    {
        int at = _kept.Count;
        while (at > 0 && _kept[at - 1].Number > entry.Number) at--;
        _kept.Insert(at, entry);
    }

    public int Count => _kept.Count;

    public IReadOnlyList<Entry> All => _kept;

    /// <summary>Takes <paramref name="fd"/> over if there is room; false otherwise.</summary>
    public bool Add(string? name, FileDescriptor fd, int limit)
    {
        foreach (var kept in _kept)
        {
            if (!Sys.IsSameFile(kept.Fd, fd)) continue;
            fd.Dispose();
            return true;
        }
        if (_kept.Count >= limit) return false;
        int number = _kept.Count == 0 ? 0 : _kept[^1].Number + 1;
        _kept.Add(new Entry(number, name ?? Unnamed, fd));
        _store.Put(StoreName(number, name ?? Unnamed), fd);
        return true;
    }

    /// <summary>FDSTOREREMOVE=1: those of one name.</summary>
    public void Remove(string name)
    {
        for (int i = _kept.Count - 1; i >= 0; i--)
            if (_kept[i].Name == name) Drop(i);
    }

    /// <summary>The service is down for good.</summary>
    public void Clear()
    {
        for (int i = _kept.Count - 1; i >= 0; i--) Drop(i);
    }

    private void Drop(int index)
    {
        var entry = _kept[index];
        _kept.RemoveAt(index);
        _store.Remove(StoreName(entry.Number, entry.Name));
        entry.Fd.Dispose();
    }

    private string StoreName(int number, string name) => $"{_prefix}{number}:{name}";

    public void Dispose() => Clear();
}
