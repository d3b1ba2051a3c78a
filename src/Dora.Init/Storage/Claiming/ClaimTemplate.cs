using Dora.Core.Linux;
using Dora.Init.Boot;
using Dora.Init.Storage.Encryption;

namespace Dora.Init.Storage.Claiming;

/// <summary>
/// The file system of a claim, made by the real mkfs, but in memory: a sparse file as large as the partition, of which
/// only what was written takes RAM (5 MB for btrfs of any size, a 300,000th of the disk for ext4). So everything that a claim is going to
/// write is known before it writes the first byte; and mkfs, whose order of writes is its own affair, never sees the disk.
///
/// An encrypted one is made in a LUKS2 container in that file, on a loop device and dm-crypt: 16 MiB more.
/// </summary>
internal sealed class ClaimTemplate : IClaimContent, IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly FileDescriptor _file;

    private ClaimTemplate(FileDescriptor file) => _file = file;

    /// <summary>Null, and why, where it cannot be made.</summary>
    /// <param name="type">Which file system.</param>
    /// <param name="id">Its UUID.</param>
    /// <param name="bytes">How large the partition is.</param>
    /// <param name="key">Null: not encrypted.</param>
    /// <param name="failure">Why there is none.</param>
    public static ClaimTemplate? Make(StorageFileSystem type, Guid id, long bytes, StorageKey? key, out string failure)
    {
        Sys.MakeMemoryFile("storage", out var file).ThrowIfError("memfd_create");
        var errno = Sys.Truncate(file, bytes);
        failure = (errno != Errno.None ? $"a file of {bytes >> 20} MiB in memory: {errno.Describe()}"
            : key is null ? MakeFileSystem($"/proc/{Libc.getpid()}/fd/{file.Number}", type, id) : Encrypt(file, type, id, key)) ?? "";
        if (failure.Length == 0) return new ClaimTemplate(file);
        file.Dispose();
        return null;
    }

    private static string? Encrypt(FileDescriptor file, StorageFileSystem type, Guid id, StorageKey key)
    {
        string inside = EncryptedPartition.NameOf(id);
        using var loop = LoopDevice.Attach(file, "storage", Libc.LO_FLAGS_AUTOCLEAR, out string device);
        if (EncryptedPartition.Format(device, key) is { } why) return why;
        if (EncryptedPartition.Open(device, inside, key, out _, out string failure) is not { } path) return failure;
        string? unmade = MakeFileSystem(path, type, id);
        EncryptedPartition.Close(inside);
        var errno = Sys.Synchronize(loop);
        return unmade ?? (errno == Errno.None ? null : $"flush {device}: {errno.Describe()}");
    }

    private static string? MakeFileSystem(string path, StorageFileSystem type, Guid id)
    {
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
