using Dora.Core.Linux;

namespace Dora.Init.Manager.Logging;

/// <summary>Descriptors that the guard keeps for the manager: they outlive it.</summary>
internal interface IDescriptorStore
{
    /// <summary>What an earlier manager put there.</summary>
    IReadOnlyDictionary<string, FileDescriptor> Restored { get; }

    /// <summary>Keeps a duplicate under <paramref name="name"/>; the caller keeps its own.</summary>
    void Put(string name, FileDescriptor fd);

    void Remove(string name);
}
