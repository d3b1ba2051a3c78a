using Dora.Core.Linux;

namespace Dora.Init.Storage.Disks;

/// <summary>A disk that may be written to. What was written before a <see cref="Flush"/> that succeeded is on it before anything that comes after.</summary>
internal interface IDiskWriter : IDiskContent
{
    int SectorBytes { get; }

    Errno Write(long offset, ReadOnlySpan<byte> content);

    Errno Flush();
}
