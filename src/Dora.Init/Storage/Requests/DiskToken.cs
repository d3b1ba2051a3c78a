using System.Text;
using Dora.Core;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// What the operator says to mean one disk with what is on it now: made of the disk's names, its size and everything on it
/// that was looked at. For another disk, or when anything has been written to this one, it is another word: so it can be used once.
/// </summary>
internal static class DiskToken
{
    public static string Of(LookedAt disk)
    {
        ulong content = disk.Content?.Fingerprint ?? 0;
        string digits = Fingerprint.TextOf(Encoding.UTF8.GetBytes($"{disk.Disk.Id}\n{disk.Disk.Info.Path}\n{disk.Disk.Info.SizeBytes}\n{content}"));
        return $"{digits[..4]}-{digits[4..8]}-{digits[8..12]}";
    }
}
