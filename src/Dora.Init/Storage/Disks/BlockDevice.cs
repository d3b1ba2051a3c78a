using Dora.Core.Linux;

namespace Dora.Init.Storage.Disks;

/// <summary>A block device that is open.</summary>
internal sealed class BlockDevice : IDiskWriter, IDisposable
{
    private readonly FileDescriptor _fd;

    private BlockDevice(FileDescriptor fd, long sizeBytes, int sectorBytes)
    {
        _fd = fd;
        SizeBytes = sizeBytes;
        SectorBytes = sectorBytes;
    }

    public long SizeBytes { get; }

    public int SectorBytes { get; }

    public static Errno OpenToRead(string path, out BlockDevice device) => Open(path, Libc.O_RDONLY, out device);

    /// <summary>
    /// To write, and alone: O_EXCL fails with EBUSY while it, or a partition of it, is mounted, swapped to, part of an array
    /// or held by another program that asked to be alone.
    /// </summary>
    public static Errno OpenAlone(string path, out BlockDevice device) => Open(path, Libc.O_RDWR | Libc.O_EXCL, out device);

    private static Errno Open(string path, int flags, out BlockDevice device)
    {
        device = null!;
        var errno = Sys.Open(path, flags, 0, out var fd);
        if (errno != Errno.None) return errno;
        errno = Sys.Stat(fd, out var status);
        if (errno == Errno.None && (status.st_mode & Libc.S_IFMT) != Libc.S_IFBLK) errno = Errno.ENOTBLK;
        long size = 0;
        int sector = 0;
        if (errno == Errno.None) errno = Sys.DeviceSize(fd, out size);
        if (errno == Errno.None) errno = Sys.SectorSize(fd, out sector);
        if (errno == Errno.None) device = new BlockDevice(fd, size, sector);
        else fd.Dispose();
        return errno;
    }

    public Errno Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var errno = Sys.ReadAt(_fd, buffer, offset, out int count);
            if (errno != Errno.None) return errno;
            if (count == 0) return Errno.EIO; // it has become smaller, or is gone
            buffer = buffer[count..];
            offset += count;
        }
        return Errno.None;
    }

    public Errno Write(long offset, ReadOnlySpan<byte> content) => Sys.WriteAllAt(_fd, content, offset);

    public Errno Flush() => Sys.Synchronize(_fd);

    public Errno ReadPartitions() => Sys.ReadPartitions(_fd);

    public void Dispose() => _fd.Dispose();
}
