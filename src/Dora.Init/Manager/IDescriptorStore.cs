using Dora.Core.Linux;

namespace Dora.Init.Manager;

/// <summary>The guard's store of descriptors, as the manager sees it.</summary>
internal interface IDescriptorStore
{
    /// <summary>What the last manager left, by name; whoever takes one up owns it from then on.</summary>
    IReadOnlyDictionary<string, FileDescriptor> Restored { get; }

    /// <summary>Keeps a copy of <paramref name="fd"/> under <paramref name="name"/>, in place of an older one; the caller goes on owning its own.</summary>
    void Put(string name, FileDescriptor fd);

    void Remove(string name);
}
