using System.Text;

namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>open(2), close-on-exec.</summary>
    public static Errno Open(string path, int flags, uint mode, out FileDescriptor fd)
    {
        fixed (byte* p = new CString(path))
        {
            int result;
            do result = Libc.open(p, flags | Libc.O_CLOEXEC, mode);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Own(result, out fd);
        }
    }

    /// <summary>read(2); 0 bytes mean the end.</summary>
    public static Errno Read(FileDescriptor fd, Span<byte> buffer, out int count)
    {
        fixed (byte* p = buffer)
        {
            using var timer = InterruptTimer.Arm(fd.MayLinger);
            nint result;
            do result = Libc.read(fd.Number, p, (nuint)buffer.Length);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out count);
        }
    }

    /// <summary>write(2): may write less than asked.</summary>
    public static Errno Write(FileDescriptor fd, ReadOnlySpan<byte> buffer, out int count)
    {
        fixed (byte* p = buffer)
        {
            nint result;
            do result = Libc.write(fd.Number, p, (nuint)buffer.Length);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out count);
        }
    }

    /// <summary>pread(2).</summary>
    public static Errno ReadAt(FileDescriptor fd, Span<byte> buffer, long offset, out int count)
    {
        fixed (byte* p = buffer)
        {
            nint result;
            do result = Libc.pread(fd.Number, p, (nuint)buffer.Length, offset);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Check(result, out count);
        }
    }

    /// <summary>pwrite(2), repeated until all is written.</summary>
    public static Errno WriteAllAt(FileDescriptor fd, ReadOnlySpan<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            nint result;
            fixed (byte* p = buffer) result = Libc.pwrite(fd.Number, p, (nuint)buffer.Length, offset);
            if (result < 0)
            {
                if (Libc.errno == Errno.EINTR) continue;
                return Libc.errno;
            }
            if (result == 0) return Errno.EIO;
            buffer = buffer[(int)result..];
            offset += result;
        }
        return Errno.None;
    }

    /// <summary>Reads a whole small file (procfs, sysfs, configuration) of at most <paramref name="limitBytes"/>; EFBIG beyond.</summary>
    public static Errno ReadFile(string path, out byte[] content, int limitBytes = 1 << 20)
    {
        content = [];
        // O_NONBLOCK: a FIFO in a configuration folder must not hang the reader.
        var errno = Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_NOCTTY, 0, out var fd);
        if (errno != Errno.None) return errno;
        using (fd)
        {
            var buffer = new byte[1024];
            int length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length >= limitBytes) return Errno.EFBIG;
                    Array.Resize(ref buffer, Math.Min(buffer.Length * 4, limitBytes));
                }
                errno = Read(fd, buffer.AsSpan(length), out int count);
                if (errno != Errno.None) return errno;
                if (count == 0) break;
                length += count;
            }
            content = buffer.AsSpan(0, length).ToArray();
            return Errno.None;
        }
    }

    /// <summary>As <see cref="ReadFile"/>, decoded as UTF-8, or null where it cannot be read.</summary>
    public static string? ReadText(string path) =>
        ReadFile(path, out var content) == Errno.None ? Encoding.UTF8.GetString(content) : null;

    /// <summary>
    /// Writes a value with a single write(2), as procfs, sysfs and cgroupfs ask for; <paramref name="flags"/> adds
    /// O_CREAT and the like for ordinary files.
    /// </summary>
    public static Errno WriteFile(string path, string value, int flags = 0, uint mode = 0x1A4 /* 0644 */)
    {
        var errno = Open(path, Libc.O_WRONLY | flags, mode, out var fd);
        if (errno != Errno.None) return errno;
        using (fd) return Write(fd, Encoding.UTF8.GetBytes(value), out _);
    }

    /// <summary>Whoever reads the file sees what it said before or all of the new text, whenever we are killed.</summary>
    public static Errno ReplaceFile(string path, string value)
    {
        string fresh = path + ".new";
        var errno = WriteFile(fresh, value, Libc.O_CREAT | Libc.O_TRUNC);
        return errno == Errno.None ? Rename(fresh, path) : errno;
    }

    public static Errno MakeDirectory(string path, uint mode)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.mkdir(p, mode));
    }

    /// <summary>mkdir -p; an existing folder is fine.</summary>
    public static Errno MakeDirectories(string path, uint mode)
    {
        var errno = MakeDirectory(path, mode);
        if (errno == Errno.EEXIST) return Errno.None;
        int slash = path.LastIndexOf('/');
        if (errno != Errno.ENOENT || slash <= 0) return errno;
        errno = MakeDirectories(path[..slash], mode);
        if (errno != Errno.None) return errno;
        errno = MakeDirectory(path, mode);
        return errno == Errno.EEXIST ? Errno.None : errno;
    }

    public static Errno RemoveDirectory(string path)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.rmdir(p));
    }

    public static Errno Unlink(string path)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.unlinkat(Libc.AT_FDCWD, p, 0));
    }

    public static Errno Rename(string from, string to)
    {
        fixed (byte* f = new CString(from), t = new CString(to)) return Check(Libc.rename(f, t));
    }

    public static Errno MakeSymbolicLink(string target, string path)
    {
        fixed (byte* t = new CString(target), p = new CString(path)) return Check(Libc.symlink(t, p));
    }

    public static Errno ReadLink(string path, out string target)
    {
        target = "";
        Span<byte> buffer = stackalloc byte[4096];
        fixed (byte* p = new CString(path), b = buffer)
        {
            var errno = Check(Libc.readlink(p, b, (nuint)buffer.Length), out int count);
            if (errno == Errno.None) target = Encoding.UTF8.GetString(buffer[..count]);
            return errno;
        }
    }

    public static Errno MakeNode(string path, uint typeAndMode, uint major, uint minor)
    {
        // gnu_dev_makedev(3)
        ulong device = ((ulong)(major & 0xFFFFF000) << 32) | ((major & 0xFFFu) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFFu);
        fixed (byte* p = new CString(path)) return Check(Libc.mknod(p, typeAndMode, device));
    }

    public static Errno ChangeOwner(string path, uint uid, uint gid)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.chown(p, uid, gid));
    }

    /// <summary>umask(2); gives the one before.</summary>
    public static uint SetUmask(uint mask) => Libc.umask(mask);

    public static Errno ChangeMode(string path, uint mode)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.chmod(p, mode));
    }

    /// <summary>stat(2), or lstat(2) with <paramref name="followLinks"/> false.</summary>
    public static Errno Stat(string path, out Libc.stat_t status, bool followLinks = true)
    {
        fixed (byte* p = new CString(path))
        fixed (Libc.stat_t* s = &status)
            return Check(Libc.fstatat(Libc.AT_FDCWD, p, s, followLinks ? 0 : Libc.AT_SYMLINK_NOFOLLOW));
    }

    /// <summary>Whether we may execute it.</summary>
    public static bool IsExecutable(string path)
    {
        fixed (byte* p = new CString(path)) return Libc.access(p, Libc.X_OK) == 0;
    }

    public static bool Exists(string path)
    {
        fixed (byte* p = new CString(path)) return Libc.access(p, Libc.F_OK) == 0;
    }

    /// <summary>pipe2(2), both ends close-on-exec; <paramref name="flags"/> may add O_NONBLOCK.</summary>
    public static Errno Pipe(out FileDescriptor readEnd, out FileDescriptor writeEnd, int flags = 0)
    {
        int* fds = stackalloc int[2] { -1, -1 };
        var errno = Check(Libc.pipe2(fds, Libc.O_CLOEXEC | flags));
        readEnd = new FileDescriptor(fds[0]);
        writeEnd = new FileDescriptor(fds[1]);
        return errno;
    }

    /// <summary>Whether the descriptor is a terminal.</summary>
    public static bool IsTerminal(FileDescriptor fd) => Libc.isatty(fd.Number) == 1;

    public static Errno SetNonBlocking(FileDescriptor fd)
    {
        int flags = Libc.fcntl(fd.Number, Libc.F_GETFL, 0);
        if (flags < 0) return Libc.errno;
        return Check(Libc.fcntl(fd.Number, Libc.F_SETFL, flags | Libc.O_NONBLOCK));
    }

    public static Errno SetBlocking(FileDescriptor fd)
    {
        int flags = Libc.fcntl(fd.Number, Libc.F_GETFL, 0);
        if (flags < 0) return Libc.errno;
        return Check(Libc.fcntl(fd.Number, Libc.F_SETFL, flags & ~Libc.O_NONBLOCK));
    }

    /// <summary>A second descriptor of the same open file, close-on-exec, numbered <paramref name="lowestNumber"/> or above.</summary>
    public static Errno Duplicate(FileDescriptor fd, out FileDescriptor copy, int lowestNumber = 3) =>
        Own(Libc.fcntl(fd.Number, Libc.F_DUPFD_CLOEXEC, lowestNumber), out copy, fd.MayLinger);

    /// <summary>
    /// Gives a descriptor that is kept for long, and of which there may be thousands, a number out of the way of those that
    /// children are given: a launch copies all below the highest that it needs. Where the limit of numbers is low it stays.
    /// </summary>
    public static FileDescriptor OutOfTheWay(FileDescriptor fd)
    {
        if (fd.Number >= LongLivedFloor || Duplicate(fd, out var copy, LongLivedFloor) != Errno.None) return fd;
        fd.Dispose();
        return copy;
    }

    private const int LongLivedFloor = 256;

    /// <summary>fallocate(2): gives the memory behind a part of a file back; it reads as zeros, and the size stays.</summary>
    public static Errno PunchHole(FileDescriptor fd, long offset, long length) =>
        Check(Libc.fallocate(fd.Number, Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length));

    /// <summary>memfd_create(2): a file in RAM that lives as long as somebody holds it.</summary>
    public static Errno MakeMemoryFile(string name, out FileDescriptor fd)
    {
        fixed (byte* p = new CString(name)) return Own(Libc.memfd_create(p, Libc.MFD_CLOEXEC), out fd);
    }

    public static Errno Ioctl(FileDescriptor fd, nuint request, nint argument, out int result)
    {
        result = Libc.ioctl(fd.Number, request, argument);
        return Check(result);
    }
}
