using System.Buffers.Binary;
using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>The file that holds the root, as its superblock describes it.</summary>
/// <param name="Path">Where it lies now.</param>
/// <param name="Type">squashfs or erofs.</param>
/// <param name="SizeBytes">Of the file.</param>
internal sealed record RootImage(string Path, string Type, long SizeBytes)
{
    /// <summary>Where it lies on a boot medium, unless pandora.rootfs says otherwise.</summary>
    public static readonly string[] UsualPaths = ["/pandora/rootfs.squashfs", "/pandora/rootfs.erofs"];

    /// <summary>What pandora.build names: a hash of kernel, initramfs, root image and layers (image/mkimage).</summary>
    public const string BuildPath = "/pandora/build";

    private const int HeadBytes = 2048;

    /// <summary>
    /// Opens and checks the image: what is no root, or is cut short, is refused here with the reason, before the
    /// kernel gets to see it.
    /// </summary>
    public static RootImage? Check(string path, out string reason)
    {
        reason = "";
        var errno = Sys.Open(path, Libc.O_RDONLY, 0, out var file);
        if (errno != Errno.None)
        {
            reason = errno.Describe();
            return null;
        }
        using (file)
        {
            errno = Sys.Stat(path, out var status);
            if (errno == Errno.None && (status.st_mode & Libc.S_IFMT) != Libc.S_IFREG)
            {
                reason = "not a file";
                return null;
            }
            var head = new byte[HeadBytes];
            int count = 0;
            if (errno == Errno.None) errno = Sys.ReadAt(file, head, 0, out count);
            if (errno != Errno.None)
            {
                reason = $"not readable: {errno.Describe()}";
                return null;
            }
            return TryIdentify(head.AsSpan(0, count), status.st_size, out string type, out reason) ? new RootImage(path, type, status.st_size) : null;
        }
    }

    internal static bool TryIdentify(ReadOnlySpan<byte> head, long sizeBytes, out string type, out string reason)
    {
        type = reason = "";
        long used;
        if (head.Length >= 96 && head.StartsWith("hsqs"u8))
        {
            type = "squashfs";
            used = BinaryPrimitives.ReadInt64LittleEndian(head[40..]);
        }
        else if (head.Length >= 1024 + 128 && BinaryPrimitives.ReadUInt32LittleEndian(head[1024..]) == 0xE0F5E1E2)
        {
            type = "erofs";
            int blockBits = head[1024 + 12];
            used = blockBits is >= 9 and <= 16 ? (long)BinaryPrimitives.ReadUInt32LittleEndian(head[(1024 + 36)..]) << blockBits : -1;
        }
        else
        {
            reason = "neither squashfs nor erofs (its superblock has the magic of neither): damaged, or another file";
            return false;
        }
        if (used <= 0) reason = $"{type} with an impossible size in its superblock: damaged";
        else if (used > sizeBytes) reason = $"{type} of {used} bytes in a file of {sizeBytes}: cut short";
        return reason.Length == 0;
    }
}
