using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Shutdown;

/// <summary>A word to everybody who is logged in, as wall(1): on every pseudo terminal. Consoles read the kernel's log.</summary>
internal static class Terminals
{
    private const string Folder = "/dev/pts";

    public static void Tell(string text)
    {
        if (Sys.ListDirectory(Folder, out var names) != Errno.None) return;
        byte[] message = Encoding.UTF8.GetBytes($"\r\n\aPandora: {text}\r\n");
        foreach (string name in names)
        {
            if (!char.IsAsciiDigit(name[0])) continue;
            // One that is stopped (Ctrl-S) or full is not waited for.
            if (Sys.Open($"{Folder}/{name}", Libc.O_WRONLY | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var terminal) != Errno.None) continue;
            using (terminal) _ = Sys.Write(terminal, message, out _);
        }
    }
}
