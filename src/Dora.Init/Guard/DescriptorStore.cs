using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>Descriptors with names that outlive the manager: listening sockets, log pipes, its state.</summary>
internal sealed class DescriptorStore
{
    /// <summary>More than any machine has services; a manager that leaks must not exhaust PID 1.</summary>
    private const int Limit = 4096;

    private const int ClosedKept = 64;

    /// <summary>What the names of services' listening sockets begin with.</summary>
    public static ReadOnlySpan<byte> SocketPrefix => "listen:"u8;

    internal int Count => _entries.Count;

    private readonly List<(GuardRecord Record, FileDescriptor Fd)> _entries = [];

    // Of the names of the entries, in their order: a machine with a thousand services asks for a name among two thousand,
    // two thousand times.
    private readonly List<int> _hashes = [];

    // Each start of a service puts two descriptors and each end of one removes them: what was closed is used again, so
    // that this process makes no garbage and never comes to a collection.
    private readonly Stack<FileDescriptor> _closed = new(ClosedKept);

    /// <summary>For the next descriptor that is received; to be given back with <see cref="Close"/> if none came.</summary>
    public FileDescriptor TakeClosed() => _closed.TryPop(out var closed) ? closed : new FileDescriptor(-1);

    /// <summary>Closes a descriptor that nobody else knows of.</summary>
    public void Close(FileDescriptor fd)
    {
        fd.Dispose();
        if (_closed.Count < ClosedKept) _closed.Push(fd);
    }

    /// <summary>Takes over <paramref name="fd"/>; one of the same name is closed.</summary>
    public void Put(in GuardRecord record, FileDescriptor fd)
    {
        int index = IndexOf(record);
        if (index >= 0)
        {
            Close(_entries[index].Fd);
            _entries[index] = (record, fd);
        }
        else if (_entries.Count < Limit) Add(record, fd);
        else
        {
            Log.Error($"guard: store is full ({Limit}): {record.Name} is not kept");
            fd.Dispose();
        }
    }

    public void Remove(in GuardRecord record)
    {
        int index = IndexOf(record);
        if (index < 0) return;
        Close(_entries[index].Fd);
        RemoveAt(index);
    }

    /// <summary>
    /// Closes the listening sockets of services, so that their ports are free. The rest stays: without its log pipe a
    /// service dies of SIGPIPE, without the state the next manager would know of nothing.
    /// </summary>
    public void CloseSockets()
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (!_entries[i].Record.NameStartsWith(SocketPrefix)) continue;
            _entries[i].Fd.Dispose();
            RemoveAt(i);
        }
    }

    /// <summary>Sends all of it to a new manager, which reads it before anything else.</summary>
    public Errno SendTo(FileDescriptor channel, TimeSpan deadline)
    {
        foreach (var (record, fd) in _entries)
        {
            var copy = record;
            copy.Kind = GuardMessage.Restored;
            var errno = GuardRecord.SendBefore(deadline, channel, copy, fd);
            if (errno != Errno.None) return errno;
        }
        return Errno.None;
    }

    public void LeaveTo(Handover next)
    {
        foreach (var (record, fd) in _entries) next.Store.Add((record, fd.Number));
    }

    public void Adopt(Handover last)
    {
        foreach (var (record, number) in last.Store) Add(record, new FileDescriptor(number, mayLinger: true));
    }

    private void Add(in GuardRecord record, FileDescriptor fd)
    {
        _entries.Add((record, fd));
        _hashes.Add(record.NameHash);
    }

    private void RemoveAt(int index)
    {
        _entries.RemoveAt(index);
        _hashes.RemoveAt(index);
    }

    private int IndexOf(in GuardRecord record)
    {
        int hash = record.NameHash;
        var hashes = CollectionsMarshal.AsSpan(_hashes);
        for (int i = 0; i < hashes.Length; i++)
            if (hashes[i] == hash && _entries[i].Record.HasSameName(record)) return i;
        return -1;
    }
}
