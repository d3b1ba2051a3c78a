using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>
/// Makes a user namespace in which only some users and groups exist, under their own numbers. A map of more than one
/// number has to be written from outside (user_namespaces(7)), so a child of ours holds the namespace while we do, and
/// the service enters it by its descriptor.
/// </summary>
internal static class UserNamespace
{
    /// <summary>Throws <see cref="LinuxException"/> when the kernel does not allow it.</summary>
    public static FileDescriptor Make(IReadOnlyList<uint> users, IReadOnlyList<uint> groups)
    {
        int holder = Native.hold_user_namespace();
        if (holder < 0) throw new LinuxException((Errno)(-holder), "make user namespace");
        try
        {
            Map($"/proc/{holder}/uid_map", users);
            Map($"/proc/{holder}/gid_map", groups);
            Sys.Open($"/proc/{holder}/ns/user", Libc.O_RDONLY, 0, out var made).ThrowIfError("open", "user namespace");
            return made;
        }
        finally
        {
            _ = Sys.Kill(holder, Libc.SIGKILL);
            _ = Sys.WaitId(Libc.P_PID, holder, Libc.WEXITED, out _, out _);
        }
    }

    private static void Map(string file, IReadOnlyList<uint> numbers)
    {
        var text = new StringBuilder();
        for (int i = 0; i < numbers.Count; i++)
        {
            bool isNew = true;
            for (int j = 0; j < i; j++) isNew &= numbers[j] != numbers[i];
            if (isNew) text.Append(numbers[i]).Append(' ').Append(numbers[i]).Append(" 1\n");
        }
        Sys.WriteFile(file, text.ToString()).ThrowIfError("write", file);
    }
}
