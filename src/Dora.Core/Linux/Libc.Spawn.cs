using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// spawn.h, signal.h: another program beside us, as dora starts one
internal static unsafe partial class Libc
{
    public const int PR_SET_PDEATHSIG = 1;
    public const nint SIG_IGN = 1;

    [LibraryImport(Library)] public static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);
    [LibraryImport(Library, SetLastError = true)] public static partial nint signal(int number, nint handler);
}
