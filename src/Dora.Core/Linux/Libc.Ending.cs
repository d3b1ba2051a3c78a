using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// linux/watchdog.h, linux/kexec.h, linux/reboot.h, linux/prctl.h: what the end of the machine and its replacement take
internal static unsafe partial class Libc
{
    public const nuint WDIOC_SETTIMEOUT = 0xC0045706, WDIOC_GETTIMEOUT = 0x80045707;

    public const nint SYS_kexec_file_load = 320; // x86-64; Linux 3.17
    public const int KEXEC_FILE_NO_INITRAMFS = 4;
    public const int LINUX_REBOOT_CMD_KEXEC = 0x45584543;

    public const int PR_SET_NAME = 15;

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)] public static partial int ioctl_int(int fd, nuint request, int* argument);
    [LibraryImport(Library, SetLastError = true)] public static partial int prctl(int option, byte* argument);
}
