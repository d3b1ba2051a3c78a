using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// spawn.h, signal.h: another program beside us, as dora starts one
internal static unsafe partial class Libc
{
    public const int PR_SET_PDEATHSIG = 1;
    public const nint SIG_DFL = 0, SIG_IGN = 1;

    [LibraryImport(Library)] public static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);
    /// <summary>posix_spawn_file_actions_t: known to the library alone.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct posix_spawn_file_actions_t
    {
        private fixed long _content[10];
    }

    [LibraryImport(Library)] public static partial int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions);
    [LibraryImport(Library)] public static partial int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int fd, int target);
    [LibraryImport(Library)] public static partial int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* actions);
    [LibraryImport(Library, SetLastError = true)] public static partial nint signal(int number, nint handler);
}
