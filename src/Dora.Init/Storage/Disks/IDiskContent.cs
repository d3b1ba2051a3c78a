using Dora.Core.Linux;

namespace Dora.Init.Storage.Disks;

/// <summary>The bytes of a disk, for those who only look: a block device, or what a test makes of memory and files.</summary>
internal interface IDiskContent
{
    long SizeBytes { get; }

    /// <summary>Fills the whole buffer from <paramref name="offset"/>, or gives the reason why not (EIO: a bad sector, or the device is gone).</summary>
    Errno Read(long offset, Span<byte> buffer);
}
