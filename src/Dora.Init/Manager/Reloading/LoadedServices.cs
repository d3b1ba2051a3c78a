using System.Text.Json;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Reloading;

/// <summary>
/// The service files in use. They are those of the last boot or reload, whatever has become of the directories since:
/// a manager that is killed while an operator edits a file must not make his half a line count. So a copy of what was
/// read lies in a memory file that the guard keeps, and a new manager reads that.
///
/// A reload writes a new copy under the next number. Which number counts is a member of the saved state, which is written
/// in one piece together with what the reload has begun: a manager killed before that leaves the old files with the old
/// state, one killed after it the new files with what is still to be restarted. The other copy is dropped at the next
/// opportunity.
/// </summary>
internal sealed class LoadedServices
{
    private const string StorePrefix = "files:";
    private const int LargestCopy = 64 << 20;
    private readonly IDescriptorStore _store;
    private FileDescriptor? _copy;
    private int _outdated;

    private LoadedServices(IDescriptorStore store) => _store = store;

    /// <summary>What the files say; replaced by a reload.</summary>
    public ServiceSet Set { get; private set; } = null!;

    /// <summary>Number of the copy in use, to be saved with the state; 0 if there is none.</summary>
    public int Number { get; private set; }

    /// <summary>Takes up copy <paramref name="number"/> of the last manager; where there is none, reads the directories.</summary>
    public static LoadedServices Open(IDescriptorStore store, int number, IReadOnlyList<string> directories)
    {
        var loaded = new LoadedServices(store);
        if (!loaded.TakeUp(number)) loaded.ReadDirectories(directories);
        foreach (string name in new List<string>(store.Restored.Keys))
            if (name.StartsWith(StorePrefix, StringComparison.Ordinal) && name != StoreName(loaded.Number) && store.Restored.TryGetValue(name, out var other))
            {
                store.Remove(name);
                other.Dispose();
            }
        return loaded;
    }

    /// <summary>The files in use, as they were read.</summary>
    public ServiceSources Sources() => _copy is { } copy ? Read(copy) : new ServiceSources();

    /// <summary>From now on what the plan says counts.</summary>
    public void Take(ReloadPlan plan)
    {
        Set = plan.Set;
        Keep(plan.Sources);
    }

    /// <summary>The number is saved.</summary>
    public void Saved()
    {
        if (_outdated == 0) return;
        _store.Remove(StoreName(_outdated));
        _outdated = 0;
    }

    /// <summary>What a memory file holds; throws <see cref="JsonException"/> or <see cref="LinuxException"/>.</summary>
    public static ServiceSources Read(FileDescriptor file) => SavedSources.Read(ReadAll(file));

    public static byte[] ReadAll(FileDescriptor file)
    {
        var content = new byte[16 << 10];
        int length = 0;
        while (true)
        {
            Sys.ReadAt(file, content.AsSpan(length), length, out int count).ThrowIfError("read", "the service files in use");
            if (count == 0) return content[..length];
            length += count;
            if (length == LargestCopy) throw new JsonException("too large");
            if (length == content.Length) Array.Resize(ref content, Math.Min(2 * length, LargestCopy));
        }
    }

    private bool TakeUp(int number)
    {
        if (number == 0 || !_store.Restored.TryGetValue(StoreName(number), out var copy)) return false;
        try
        {
            Set = ServiceDirectory.Load(Read(copy));
        }
        catch (Exception exception) when (exception is JsonException or LinuxException)
        {
            Log.Error($"manager: the copy of the service files in use cannot be read: {exception.Message}: reading the directories");
            return false;
        }
        _copy = copy;
        Number = number;
        return true;
    }

    private void ReadDirectories(IReadOnlyList<string> directories)
    {
        var sources = ServiceSources.Read(directories);
        Set = ServiceDirectory.Load(sources);
        sources.AddEnvironmentFiles(Set);
        Keep(sources);
    }

    private void Keep(ServiceSources sources)
    {
        Sys.MakeMemoryFile("service-files", out var file).ThrowIfError("memfd_create");
        Sys.WriteAllAt(file, SavedSources.Write(sources), 0).ThrowIfError("write", "the service files in use");
        if (_outdated != 0) _store.Remove(StoreName(_outdated)); // nobody has heard of that one
        _outdated = Number;
        _copy?.Dispose();
        _copy = file;
        _store.Put(StoreName(++Number), file);
    }

    private static string StoreName(int number) => StorePrefix + number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
