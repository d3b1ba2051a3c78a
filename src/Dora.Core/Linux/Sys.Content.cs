using System.Text;

namespace Dora.Core.Linux;

// Files of other people, and their processes: what the API lets an administrator do with them.
internal static unsafe partial class Sys
{
    public static Errno Stat(FileDescriptor fd, out Libc.stat_t status)
    {
        fixed (Libc.stat_t* s = &status) return Check(Libc.fstat(fd.Number, s));
    }

    /// <summary>fsync(2).</summary>
    public static Errno Synchronize(FileDescriptor fd) => Check(Libc.fsync(fd.Number));

    /// <summary>fdatasync(2).</summary>
    public static Errno SynchronizeData(FileDescriptor fd) => Check(Libc.fdatasync(fd.Number));

    /// <summary>openat(2), close-on-exec; a symbolic link at the end is not followed.</summary>
    public static Errno OpenAt(FileDescriptor folder, string name, int flags, uint mode, out FileDescriptor fd)
    {
        fixed (byte* p = new CString(name))
        {
            int result;
            do result = Libc.openat(folder.Number, p, flags | Libc.O_CLOEXEC | Libc.O_NOFOLLOW, mode);
            while (result < 0 && Libc.errno == Errno.EINTR);
            return Own(result, out fd);
        }
    }

    public static Errno RenameAt(FileDescriptor folder, string from, string to)
    {
        fixed (byte* f = new CString(from), t = new CString(to)) return Check(Libc.renameat(folder.Number, f, folder.Number, t));
    }

    public static Errno UnlinkAt(FileDescriptor folder, string name)
    {
        fixed (byte* p = new CString(name)) return Check(Libc.unlinkat(folder.Number, p, 0));
    }

    /// <summary>Gives it back, whoever has copies of the descriptor: a child that is just being started has.</summary>
    public static void Unlock(FileDescriptor fd) => _ = Libc.flock(fd.Number, Libc.LOCK_UN);

    /// <summary>flock(2) for us alone. It ends with the last copy of the descriptor. Without waiting: EWOULDBLOCK (EAGAIN) where somebody else has it.</summary>
    public static Errno Lock(FileDescriptor fd, bool wait)
    {
        while (true)
        {
            var errno = Check(Libc.flock(fd.Number, wait ? Libc.LOCK_EX : Libc.LOCK_EX | Libc.LOCK_NB));
            if (errno != Errno.EINTR) return errno;
        }
    }

    public static Errno Truncate(FileDescriptor fd, long length) => Check(Libc.ftruncate(fd.Number, length));

    public static Errno ChangeMode(FileDescriptor fd, uint mode) => Check(Libc.fchmod(fd.Number, mode));

    public static Errno ChangeOwner(FileDescriptor fd, uint uid, uint gid) => Check(Libc.fchown(fd.Number, uid, gid));

    /// <summary>renameat2(2) with RENAME_NOREPLACE: EEXIST where there is something already, EINVAL where the file system cannot tell.</summary>
    public static Errno RenameNew(string from, string to)
    {
        fixed (byte* f = new CString(from), t = new CString(to))
            return Check(Libc.syscall5(Libc.SYS_renameat2, Libc.AT_FDCWD, (nint)f, Libc.AT_FDCWD, (nint)t, (nint)Libc.RENAME_NOREPLACE), out _);
    }

    /// <summary>statfs(2): size of a file system, what is free of it, and what is for users other than root.</summary>
    public static Errno FileSystemSize(string path, out (long Size, long Free, long Available) bytes)
    {
        Libc.statfs_t status;
        Errno errno;
        fixed (byte* p = new CString(path)) errno = Check(Libc.statfs(p, &status));
        return Bytes(errno, status, out bytes);
    }

    /// <summary>The same of the file system that <paramref name="fd"/> lies on.</summary>
    public static Errno FileSystemSize(FileDescriptor fd, out (long Size, long Free, long Available) bytes)
    {
        Libc.statfs_t status;
        return Bytes(Check(Libc.fstatfs(fd.Number, &status)), status, out bytes);
    }

    private static Errno Bytes(Errno errno, in Libc.statfs_t status, out (long Size, long Free, long Available) bytes)
    {
        long unit = status.f_frsize > 0 ? status.f_frsize : status.f_bsize;
        bytes = errno == Errno.None ? ((long)status.f_blocks * unit, (long)status.f_bfree * unit, (long)status.f_bavail * unit) : default;
        return errno;
    }

    /// <summary>pidfd_send_signal(2).</summary>
    public static Errno SignalProcess(FileDescriptor process, int signal) =>
        Check(Libc.syscall5(Libc.SYS_pidfd_send_signal, process.Number, signal, 0, 0, 0), out _);

    /// <summary>
    /// From here on SIGALRM ends this process unless <see cref="Alarm"/> is set anew in time; the roles of init start with
    /// it blocked.
    /// </summary>
    public static void EndByAlarm()
    {
        Libc.sigset_t set = new() { bits = 1ul << (Libc.SIGALRM - 1) };
        _ = Libc.sigprocmask(Libc.SIG_UNBLOCK, &set, null);
    }

    /// <summary>alarm(2); 0 takes it back.</summary>
    public static void Alarm(int seconds) => _ = Libc.alarm((uint)seconds);

    /// <summary>What a directory holds, in its own order; at most <paramref name="limit"/> names.</summary>
    public static Errno ReadNames(FileDescriptor directory, int limit, List<string> names, out bool isTruncated)
    {
        isTruncated = false;
        byte[] buffer = new byte[32 * 1024];
        while (true)
        {
            var errno = ReadDirectory(directory, buffer, out int count);
            if (errno != Errno.None || count == 0) return errno;
            for (var rest = buffer.AsSpan(0, count); rest.Length > Libc.DIRENT64_NAME;)
            {
                int length = System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(rest[Libc.DIRENT64_RECLEN..]);
                var name = rest[Libc.DIRENT64_NAME..length];
                name = name[..name.IndexOf((byte)0)];
                rest = rest[length..];
                if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8)) continue;
                if (names.Count == limit)
                {
                    isTruncated = true;
                    return Errno.None;
                }
                names.Add(Encoding.UTF8.GetString(name));
            }
        }
    }

    /// <summary>How many names a directory holds; none of them is made a string.</summary>
    public static Errno CountNames(string path, out int count)
    {
        count = 0;
        var errno = Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var directory);
        if (errno != Errno.None) return errno;
        using (directory)
        {
            Span<byte> buffer = stackalloc byte[4096];
            while (true)
            {
                errno = ReadDirectory(directory, buffer, out int read);
                if (errno != Errno.None || read == 0) break;
                for (int at = 0; at < read; at += System.Buffers.Binary.BinaryPrimitives.ReadUInt16LittleEndian(buffer[(at + Libc.DIRENT64_RECLEN)..])) count++;
            }
            count = Math.Max(count - 2, 0); // "." and ".."
            return errno;
        }
    }

    /// <summary>The first <paramref name="limitBytes"/> of a file; what was read before an error counts.</summary>
    public static Errno ReadFileStart(string path, int limitBytes, out byte[] content)
    {
        content = [];
        var errno = Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_NOCTTY, 0, out var fd);
        if (errno != Errno.None) return errno;
        using (fd)
        {
            var buffer = new byte[Math.Min(4096, limitBytes)];
            int length = 0;
            while (length < limitBytes)
            {
                if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(buffer.Length * 4, limitBytes));
                errno = Read(fd, buffer.AsSpan(length), out int count);
                if (errno != Errno.None || count == 0) break;
                length += count;
            }
            content = buffer[..length];
            return errno;
        }
    }
}
