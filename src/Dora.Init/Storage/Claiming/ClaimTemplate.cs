using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Claiming;

/// <summary>
/// The file system of a claim, made by the real mkfs, but in memory: a sparse file as large as the partition, of which
/// only what was written takes RAM (5 MB for btrfs of any size, a 300,000th of the disk for ext4). So everything that a claim is going to
/// write is known before it writes the first byte; and mkfs, whose order of writes is its own affair, never sees the disk.
/// </summary>
internal sealed class ClaimTemplate : IClaimContent, IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly FileDescriptor _file;

    private ClaimTemplate(FileDescriptor file) => _file = file;

    /// <summary>Null, and why, where it cannot be made.</summary>
    public static ClaimTemplate? Make(StorageFileSystem type, Guid id, long bytes, out string failure)
    {
        Sys.MakeMemoryFile("storage", out var file).ThrowIfError("memfd_create");
        failure = Fill(file, type, id, bytes) ?? "";
        if (failure.Length == 0) return new ClaimTemplate(file);
        file.Dispose();
        return null;
    }

    private static string? Fill(FileDescriptor file, StorageFileSystem type, Guid id, long bytes)
    {
        var errno = Sys.Truncate(file, bytes);
        if (errno != Errno.None) return $"a file of {bytes >> 20} MiB in memory: {errno.Describe()}";
        string path = $"/proc/{Libc.getpid()}/fd/{file.Number}";
        string[] command = type == StorageFileSystem.Btrfs
            ? ["mkfs.btrfs", "--quiet", "--nodiscard", "--label", DiskLayout.PartitionName, "--uuid", id.ToString(), path]
            // The kernel fills inode tables in the background, when it is mounted.
            : ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-m", "1", "-L", DiskLayout.PartitionName, "-U", id.ToString(),
                "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", path];
        var outcome = ChildProgram.Run(command, s_limit);
        return outcome.Succeeded ? null : outcome.Describe(command[0]);
    }

    public bool Next(long from, out long start, out long end) => Sys.NextData(_file, from, out start, out end);

    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            Sys.ReadAt(_file, buffer, offset, out int count).ThrowIfError("read", "the file system in memory");
            if (count == 0)
            {
                buffer.Clear(); // the end of the partition is no multiple of a page
                return;
            }
            buffer = buffer[count..];
            offset += count;
        }
    }

    public void Dispose() => _file.Dispose();
}
