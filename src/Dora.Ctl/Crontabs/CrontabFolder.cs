using Dora.Core.Configuration.Schedules;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Ctl.Crontabs;

/// <summary>The folder of crontabs, a file for each user. init notices what comes and goes there.</summary>
internal sealed class CrontabFolder(string folder)
{
    public const string Usual = "/etc/crontabs";

    public string PathOf(UserEntry user) => $"{folder}/{user.Name}";

    /// <summary>Null where there is none.</summary>
    public byte[]? Read(UserEntry user)
    {
        var errno = Sys.Open(PathOf(user), Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out var file);
        if (errno == Errno.ENOENT) return null;
        errno.ThrowIfError("open", PathOf(user));
        using (file) return ReadAll(file, PathOf(user));
    }

    /// <summary>All of it, or as much as shows that it is too large.</summary>
    public static byte[] ReadAll(FileDescriptor file, string name)
    {
        var content = new byte[Crontab.LargestFile + 1];
        int length = 0;
        while (length < content.Length)
        {
            Sys.Read(file, content.AsSpan(length), out int count).ThrowIfError("read", name);
            if (count == 0) break;
            length += count;
        }
        return content[..length];
    }

    /// <summary>
    /// All of the new one or all of the old one is there, whatever happens in between. It is root's, so that nobody goes on
    /// running things at times who has only got hold of the account; the user reads it by his group, if he is alone in that.
    /// </summary>
    public void Write(UserEntry user, bool isAloneInGroup, ReadOnlySpan<byte> content)
    {
        if (!Sys.Exists(folder)) Sys.MakeDirectories(folder, 0x1ED /* 0755 */).ThrowIfError("make folder", folder);
        // init passes over names that begin with a dot.
        string aside = $"{folder}/.{user.Name}.{Sys.ProcessId}";
        _ = Sys.Unlink(aside); // of a process that had our number and was killed
        Sys.Open(aside, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, 0x180 /* 0600 */, out var file).ThrowIfError("make", aside);
        using (file)
        {
            var errno = Sys.WriteAllAt(file, content, 0);
            if (errno == Errno.None) errno = Sys.ChangeOwner(file, 0, isAloneInGroup ? user.Gid : 0);
            if (errno == Errno.None && isAloneInGroup) errno = Sys.ChangeMode(file, 0x1A0 /* 0640 */);
            if (errno == Errno.None) errno = Sys.Synchronize(file);
            if (errno == Errno.None) errno = Sys.Rename(aside, PathOf(user));
            if (errno != Errno.None) _ = Sys.Unlink(aside);
            errno.ThrowIfError("write", PathOf(user));
        }
    }

    /// <summary>False if there was none.</summary>
    public bool Remove(UserEntry user)
    {
        var errno = Sys.Unlink(PathOf(user));
        if (errno == Errno.ENOENT) return false;
        errno.ThrowIfError("remove", PathOf(user));
        return true;
    }
}
