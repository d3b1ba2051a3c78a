using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// What <c>dora service mask</c> has switched off: an empty file of the service's name in one folder. It lies in /etc, and so
/// outlives a reboot where /etc does, and a manager in any case.
/// </summary>
internal static class OperatorMasks
{
    private const string Folder = "/etc/dora/masked";

    public static string PathOf(string name) => $"{Folder}/{name}";

    public static IReadOnlyList<string> Read() => Sys.ListDirectory(Folder, out var names) == Errno.None ? names : [];

    public static bool IsMasked(string name) => ServiceName.IsReference(name, out _) && Sys.Exists(PathOf(name));

    public static Errno Add(string name)
    {
        var errno = Sys.MakeDirectories(Folder, 0x1ED);
        return errno == Errno.None ? Sys.WriteFile(PathOf(name), "", Libc.O_CREAT) : errno;
    }

    public static Errno Remove(string name) => Sys.Unlink(PathOf(name));
}
