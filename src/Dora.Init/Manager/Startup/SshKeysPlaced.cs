using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>Keys of the kernel command line are where sshd looks for them: /run/dora/ssh/authorized_keys.</summary>
internal static class SshKeysPlaced
{
    private const string Folder = "/run/dora/ssh", FilePath = Folder + "/authorized_keys";
    private const int LongestKey = 16 * 1024;

    private static readonly string[] s_types =
    [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ];

    public static string Run(KernelCommandLine commandLine)
    {
        Sys.MakeDirectories("/run/dora", 0x1ED).ThrowIfError("make folder", "/run/dora");
        Sys.MakeDirectory(Folder, 0x1C0).ThrowIfErrorBut(Errno.EEXIST, "make folder", Folder);
        // sshd refuses keys in a place that others can write (StrictModes).
        Sys.ChangeMode(Folder, 0x1C0).ThrowIfError("chmod", Folder);
        var lines = new StringBuilder();
        int count = 0;
        foreach (string key in commandLine.SshKeys)
        {
            if (Refusal(key) is { } reason)
            {
                Log.Error($"kernel command line: pandora.ssh_key={Printable.Text(key)}: {reason}; not used");
                continue;
            }
            lines.Append(key).Append('\n');
            count++;
        }
        Write(lines.ToString());
        return count == 1 ? "1 key" : $"{count} keys";
    }

    /// <summary>
    /// Null when it is a public key of a type that sshd knows: TYPE, BASE64, perhaps a comment. Options in front
    /// (command=..., from=...) are for files, where a reader can see them.
    /// </summary>
    internal static string? Refusal(string key)
    {
        if (key.Length > LongestKey) return $"longer than {LongestKey} characters";
        foreach (char c in key)
            if (char.IsControl(c)) return "holds a control character";
        string[] words = key.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2) return "must be a type and a key: \"ssh-ed25519 AAAA... comment\" (in quotes)";
        if (Array.IndexOf(s_types, words[0]) < 0) return $"'{Printable.Text(words[0])}' is no type of key{Suggestion.For(words[0], s_types)}";

        // RFC 4253 6.6: the key begins with the length and the name of its type once more.
        var blob = new byte[words[1].Length];
        if (!Convert.TryFromBase64String(words[1], blob, out int length)) return "the key is not base64: cut short?";
        byte[] name = Encoding.ASCII.GetBytes(words[0]);
        bool isOfType = length > 4 + name.Length && blob[0] == 0 && blob[1] == 0 && blob[2] == 0 && blob[3] == name.Length
            && blob.AsSpan(4, name.Length).SequenceEqual(name);
        return isOfType ? null : $"the key is not a {words[0]} key: cut short?";
    }

    // Written beside and renamed: sshd reads the old or the new one, never half.
    private static void Write(string text)
    {
        const string fresh = FilePath + ".new";
        _ = Sys.Unlink(fresh);
        Sys.Open(fresh, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, 0x180, out var file).ThrowIfError("make", fresh);
        using (file) Sys.WriteAllAt(file, Encoding.UTF8.GetBytes(text), 0).ThrowIfError("write", fresh);
        Sys.Rename(fresh, FilePath).ThrowIfError("rename", fresh);
    }
}
