using Dora.Core.Linux;
using Dora.Init.Manager;
using Dora.Init.Manager.Logging;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>The guard's store without a guard.</summary>
internal sealed class MemoryStore : IDescriptorStore, IDisposable
{
    private readonly Dictionary<string, FileDescriptor> _kept = [];
    private Dictionary<string, FileDescriptor> _restored = [];

    public IReadOnlyDictionary<string, FileDescriptor> Restored => _restored;

    public IEnumerable<string> Names => _kept.Keys;

    public void Put(string name, FileDescriptor fd)
    {
        Remove(name);
        Sys.Duplicate(fd, out var copy).ThrowIfError("fcntl");
        _kept[name] = copy;
    }

    public void Remove(string name)
    {
        if (_kept.Remove(name, out var old)) old.Dispose();
    }

    /// <summary>As a new manager gets them.</summary>
    public void Restart()
    {
        _restored = [];
        foreach (var (name, fd) in _kept)
        {
            Sys.Duplicate(fd, out var copy).ThrowIfError("fcntl");
            _restored[name] = copy;
        }
    }

    public void Dispose()
    {
        foreach (var fd in _kept.Values) fd.Dispose();
    }
}
