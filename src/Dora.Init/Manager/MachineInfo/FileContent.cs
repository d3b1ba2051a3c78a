using Dora.Core.Linux;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// Contents of files, read and written with root's power, in a helper. Only regular files: to open a FIFO may wait for
/// ever, and to open a device may do something (a watchdog is started by it). So a path is first opened as a place
/// (O_PATH), which does nothing, and looked at; what is then opened is that same file, whatever the path leads to by now.
/// </summary>
internal static class FileContent
{
    private const int PieceBytes = 256 * 1024;
    private const uint DefaultMode = 0x1A4 /* 0644 */;

    /// <summary>Answers with bytes <paramref name="offset"/> and on, at most <paramref name="length"/> of them.</summary>
    public static void Read(LentConnection client, string path, long offset, long length)
    {
        if (Open(client, path, Libc.O_RDONLY) is not { } file) return;
        using (file)
        {
            var errno = Sys.Stat(file, out var status);
            // Files of procfs and sysfs have no length, or a wrong one: what comes at once tells.
            var piece = new byte[(int)Math.Min(PieceBytes, Math.Max(length, 1))];
            int count = 0;
            bool isAtEnd = false;
            while (errno == Errno.None && count < Math.Min(piece.Length, length) && !isAtEnd)
            {
                errno = Sys.ReadAt(file, piece.AsSpan(count, (int)Math.Min(piece.Length - count, length - count)), offset + count, out int some);
                count += some;
                isAtEnd = errno == Errno.None && some == 0;
            }
            if (errno != Errno.None)
            {
                client.Refuse(errno, $"{path}: read");
                return;
            }
            long? total = isAtEnd || count == length ? count
                : status.st_size > offset + count ? Math.Min(length, status.st_size - offset) : null;
            if (!client.BeginBytes(total)) return;
            if (client.IsHead)
            {
                if (total is not null) client.End();
                return;
            }
            long sent = 0;
            long most = total ?? length;
            while (count > 0)
            {
                if (!client.Send(piece.AsSpan(0, count))) return;
                sent += count;
                if (sent >= most) break;
                // An error here, or a file that has become shorter: the client sees that the answer was cut off.
                if (Sys.ReadAt(file, piece.AsSpan(0, (int)Math.Min(piece.Length, most - sent)), offset + sent, out count) != Errno.None) return;
            }
            // Without a length the end of the connection is the end of the content, and that is for the manager to close.
            if (total == sent) client.End();
        }
    }

    /// <summary>Puts the body in the place of the content, or of nothing: whoever reads sees the old or the new, also after a loss of power.</summary>
    public static void Replace(LentConnection client, string path, uint? mode)
    {
        byte[] body = MachineHelper.Body();
        Libc.stat_t before = default;
        bool isNew = false;
        string target = path;
        var errno = Sys.Open(path, Libc.O_PATH, 0, out var place);
        if (errno == Errno.ENOENT)
        {
            isNew = true;
            // A link to nowhere would be replaced by a file.
            if (Sys.Stat(path, out _, followLinks: false) == Errno.None)
            {
                client.Refuse(409, "file.refused", Errno.ENOENT, $"{path}: is a link that leads nowhere");
                return;
            }
            errno = Errno.None;
        }
        else if (errno == Errno.None)
        {
            using (place)
            {
                errno = Sys.Stat(place, out before);
                if (errno == Errno.None && !IsRegular(client, path, before)) return;
                // The file itself, and not a link to it.
                if (errno == Errno.None) errno = Sys.ReadLink($"/proc/self/fd/{place.Number}", out target);
            }
        }
        if (errno == Errno.None) errno = WriteBeside(target, body, mode ?? (isNew ? DefaultMode : before.st_mode & 0xFFF), isNew ? null : before);
        Answer(client, target, path, errno, false);
    }

    private static Errno WriteBeside(string target, byte[] body, uint mode, Libc.stat_t? owner)
    {
        string folder = target[..(target.LastIndexOf('/') + 1)];
        string temporary = $"{folder}.dora-{Libc.getpid().ToString()}-{Sys.TimeSinceBoot().Ticks.ToString()}";
        var errno = Sys.Open(temporary, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, 0x180 /* 0600 */, out var file);
        if (errno != Errno.None) return errno;
        using (file)
        {
            errno = Sys.WriteAllAt(file, body, 0);
            if (errno == Errno.None && owner is { } before) errno = Sys.ChangeOwner(file, before.st_uid, before.st_gid);
            if (errno == Errno.None) errno = Sys.ChangeMode(file, mode);
            if (errno == Errno.None) errno = Sys.Synchronize(file);
        }
        if (errno == Errno.None) errno = Sys.Rename(temporary, target);
        if (errno == Errno.None) return MachineFiles.SynchronizeFolderOf(target);
        _ = Sys.Unlink(temporary);
        return errno;
    }

    /// <summary>
    /// Adds the body to the end. With an offset the file must be as long as that, so that pieces come in order; a piece
    /// that is there already is not added twice. A piece that does not fit leaves the file as it was.
    /// </summary>
    public static void Append(LentConnection client, string path, uint? mode, long? offset)
    {
        byte[] body = MachineHelper.Body();
        FileDescriptor? file;
        if (offset is null or 0 && Sys.Open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, 0x180, out file) == Errno.None)
        {
            var made = Sys.ChangeMode(file, mode ?? DefaultMode);
            if (made == Errno.None) made = MachineFiles.SynchronizeFolderOf(path);
            if (made != Errno.None)
            {
                client.Refuse(made, path);
                return;
            }
        }
        else if ((file = Open(client, path, Libc.O_RDWR)) is null) return;
        using (file)
        {
            var errno = Sys.Stat(file, out var status);
            long end = status.st_size;
            bool isRepeated = errno == Errno.None && offset is { } at && body.Length > 0 && end == at + body.Length && Holds(file, at, body);
            if (errno == Errno.None && !isRepeated && offset is { } expected && expected != end)
            {
                client.Refuse(409, "file.offset", Errno.None, $"{path}: is {end} bytes long, and the piece is for offset {expected}");
                return;
            }
            if (errno == Errno.None && !isRepeated)
            {
                errno = Sys.WriteAllAt(file, body, end);
                if (errno != Errno.None) _ = Sys.Truncate(file, end);
                else if (Sys.Synchronize(file) is var written and not (Errno.None or Errno.EINVAL)) errno = written; // EINVAL: nothing that could be lost
            }
            Answer(client, path, path, errno, isRepeated);
        }
    }

    private static bool Holds(FileDescriptor file, long offset, byte[] body)
    {
        var there = new byte[body.Length];
        int length = 0;
        while (length < there.Length)
        {
            if (Sys.ReadAt(file, there.AsSpan(length), offset + length, out int count) != Errno.None || count == 0) return false;
            length += count;
        }
        return there.AsSpan().SequenceEqual(body);
    }

    /// <summary>A regular file, opened; null if that was refused.</summary>
    private static FileDescriptor? Open(LentConnection client, string path, int access)
    {
        var errno = Sys.Open(path, Libc.O_PATH, 0, out var place);
        Libc.stat_t status = default;
        if (errno == Errno.None) errno = Sys.Stat(place, out status);
        if (errno != Errno.None)
        {
            client.Refuse(errno, path);
            return null;
        }
        using (place)
        {
            if (!IsRegular(client, path, status)) return null;
            string itself = $"/proc/self/fd/{place.Number}";
            errno = Sys.Open(itself, access | Libc.O_NONBLOCK | Libc.O_NOCTTY, 0, out var file);
            // Many files of procfs and sysfs are for writing alone.
            if (errno is Errno.EACCES or Errno.EPERM && access == Libc.O_RDWR)
                errno = Sys.Open(itself, Libc.O_WRONLY | Libc.O_NONBLOCK | Libc.O_NOCTTY, 0, out file);
            if (errno == Errno.None) return file;
            client.Refuse(errno, path);
            return null;
        }
    }

    private static bool IsRegular(LentConnection client, string path, in Libc.stat_t status)
    {
        if (MachineFiles.IsType(status, Libc.S_IFREG)) return true;
        client.Refuse(409, "file.not-regular", Errno.None, $"{path}: is no file but a {MachineFiles.Of(path, status).Type}");
        return false;
    }

    private static void Answer(LentConnection client, string target, string path, Errno errno, bool isRepeated)
    {
        Libc.stat_t status = default;
        if (errno == Errno.None) errno = Sys.Stat(target, out status);
        if (errno == Errno.None) client.Reply(MachineFiles.Of(path, status, isRepeated: isRepeated));
        else client.Refuse(errno, $"{path}: write");
    }
}
