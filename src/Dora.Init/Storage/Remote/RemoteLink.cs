using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The connection of a disk to its server, which the kernel holds. It is known by two numbers and a place, in words that
/// fit on a command line and in a file, so that any process can take it up.
/// </summary>
internal abstract class RemoteLink
{
    public required RemoteStorageName Place { get; init; }

    /// <summary>How long requests wait, in words.</summary>
    public abstract string Patience { get; }

    /// <summary>What is lost, when it is lost for good.</summary>
    public abstract string Loss { get; }

    /// <param name="words">The number that the kernel knows it by, another number that its kind needs, the place.</param>
    public static RemoteLink? Of(ReadOnlySpan<string> words)
    {
        if (words.Length != 3 || !uint.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            || !ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong further)
            || !RemoteStorageName.TryParse(words[2], out var place, out _)) return null;
        return place.Kind switch
        {
            RemoteStorageKind.Nbd => new NbdLink((int)number, further) { Place = place },
            RemoteStorageKind.Iscsi => new IscsiLink(number) { Place = place },
            _ => null,
        };
    }

    protected static string[] Words(ulong number, ulong further, in RemoteStorageName place) =>
        [number.ToString(CultureInfo.InvariantCulture), further.ToString(CultureInfo.InvariantCulture), place.ToString()];

    /// <summary>Before the first <see cref="Reconnect"/>: whatever dies from now on is heard of. Null, or what is wrong.</summary>
    public abstract string? Open();

    /// <summary>A new connection where the old one is dead. ENODEV: the device is lost; any other: not yet, with the reason.</summary>
    public abstract Errno Reconnect(out string? problem);

    public abstract void WaitForDeath();

    /// <summary>Takes the device away.</summary>
    public abstract void Release();
}
