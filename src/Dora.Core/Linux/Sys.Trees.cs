using System.Buffers.Binary;
using System.Text;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>Deeper than any tree of ours; a deeper one stays, which costs memory and no more.</summary>
    private const int DeepestTree = 64;

    /// <summary>
    /// Deletes everything below an open directory that lies on its own file system: what another one is mounted on
    /// stays, and links are removed, never followed. Gives the number of names it could not delete.
    /// </summary>
    public static int DeleteContents(FileDescriptor directory)
    {
        Libc.stat_t status;
        if (Libc.fstat(directory.Number, &status) < 0) return 1;
        return DeleteContents(directory, status.st_dev, 0);
    }

    private static int DeleteContents(FileDescriptor directory, ulong device, int depth)
    {
        int left = 0;
        byte[] buffer = new byte[4096];
        fixed (byte* start = buffer)
        {
            while (ReadDirectory(directory, buffer, out int count) == Errno.None && count > 0)
            {
                for (int at = 0; at < count; at += BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(at + Libc.DIRENT64_RECLEN)))
                {
                    byte* name = start + at + Libc.DIRENT64_NAME;
                    if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
                    if (!DeleteEntry(directory, name, device, depth)) left++;
                }
            }
        }
        return left;
    }

    private static bool DeleteEntry(FileDescriptor directory, byte* name, ulong device, int depth)
    {
        Libc.stat_t status;
        if (Libc.fstatat(directory.Number, name, &status, Libc.AT_SYMLINK_NOFOLLOW) < 0) return false;
        if (status.st_dev != device) return false;
        if ((status.st_mode & Libc.S_IFMT) != Libc.S_IFDIR) return Libc.unlinkat(directory.Number, name, 0) == 0;
        if (depth == DeepestTree) return false;
        using (var child = new FileDescriptor(Libc.openat(directory.Number, name, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0)))
        {
            // Asked again through the descriptor: between the two a mount may have come on top.
            if (!child.IsOpen || Libc.fstat(child.Number, &status) < 0 || status.st_dev != device) return false;
            DeleteContents(child, device, depth + 1);
        }
        return Libc.unlinkat(directory.Number, name, Libc.AT_REMOVEDIR) == 0;
    }

    /// <summary>The type of a file system (statfs(2), f_type); 0 where it cannot be told.</summary>
    public static long FileSystemType(FileDescriptor fd)
    {
        long* buffer = stackalloc long[32]; // struct statfs is 120 bytes; f_type comes first
        return Libc.fstatfs(fd.Number, buffer) < 0 ? 0 : buffer[0];
    }

    /// <summary>Makes <paramref name="path"/> the descriptor <paramref name="number"/>, kept across exec.</summary>
    public static Errno OpenAs(int number, string path, int flags)
    {
        var errno = Open(path, flags | Libc.O_NOCTTY, 0, out var fd);
        if (errno != Errno.None) return errno;
        if (fd.Number == number)
        {
            // It was free and has become the lowest one: only close-on-exec has to go.
            return Check(Libc.fcntl(fd.Release(), Libc.F_SETFD, 0));
        }
        using (fd) return Check(Libc.dup3(fd.Number, number, 0));
    }

    /// <summary>Sets the wall clock.</summary>
    public static Errno SetWallClock(DateTimeOffset time)
    {
        Libc.timespec value = new() { tv_sec = time.ToUnixTimeSeconds() };
        return Check(Libc.clock_settime(Libc.CLOCK_REALTIME, &value));
    }

    /// <summary>Puts a file on a free loop device; autoclear: it goes when the last user is gone.</summary>
    public static Errno ConfigureLoop(FileDescriptor loop, FileDescriptor file, uint flags, string name)
    {
        Libc.loop_config config = new() { fd = (uint)file.Number };
        config.info.lo_flags = flags;
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        bytes.AsSpan(0, Math.Min(bytes.Length, 63)).CopyTo(new Span<byte>(config.info.lo_file_name, 63));
        return Ioctl(loop, Libc.LOOP_CONFIGURE, (nint)(&config), out _);
    }
}
