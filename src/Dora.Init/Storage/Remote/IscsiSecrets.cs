using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// Users and secrets of targets (CHAP): lines <c>TARGET USER SECRET</c>, where <c>*</c> is any target and the first line that fits
/// counts. A file and not a setting, for command lines and settings are read by others.
/// </summary>
internal static class IscsiSecrets
{
    public const string Path = "/etc/dora/iscsi-secrets";

    /// <summary>Null, or what is wrong; without a line for the target there is no user.</summary>
    public static string? Find(string target, out string? user, out string? secret, string path = Path)
    {
        user = secret = null;
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out var file);
        if (errno == Errno.ENOENT) return null;
        if (errno != Errno.None) return "open " + path + ": " + errno.Describe();
        using (file)
        {
            errno = Sys.Stat(file, out var status);
            if (errno != Errno.None) return "look at " + path + ": " + errno.Describe();
            if ((status.st_mode & 0x3F) != 0) return path + ": others than root can read it: chmod 600";
        }
        errno = Sys.ReadFile(path, out var content);
        if (errno != Errno.None) return "read " + path + ": " + errno.Describe();
        In(Encoding.UTF8.GetString(content), target, out user, out secret);
        return null;
    }

    internal static void In(string text, string target, out string? user, out string? secret)
    {
        user = secret = null;
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3 || (words[0] != "*" && words[0] != target)) continue;
            (user, secret) = (words[1], words[2]);
            return;
        }
    }
}
