using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// termios.h, sys/ioctl.h, asm-generic/ioctls.h: terminals, real and pseudo
internal static unsafe partial class Libc
{
    public const uint TIOCSCTTY = 0x540E, TIOCGPGRP = 0x540F, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414;
    public const uint TIOCSPTLCK = 0x40045431, TIOCGPTPEER = 0x5441; // the latter: Linux 4.13
    public const int TCSANOW = 0, VMIN = 6, VTIME = 5;
    public const uint ISIG = 1, ICANON = 2, ECHO = 8, ECHONL = 0x40, ICRNL = 0x100;

    public const nint SYS_openat2 = 437; // Linux 5.6
    public const ulong RESOLVE_IN_ROOT = 0x10;

    [StructLayout(LayoutKind.Sequential)]
    public struct winsize
    {
        public ushort ws_row, ws_col, ws_xpixel, ws_ypixel;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct termios
    {
        public uint c_iflag, c_oflag, c_cflag, c_lflag;
        public byte c_line;
        public fixed byte c_cc[32];
        public uint c_ispeed, c_ospeed;
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int tcgetattr(int fd, termios* settings);
    [LibraryImport(Library, SetLastError = true)] public static partial int tcsetattr(int fd, int when, termios* settings);
    [LibraryImport(Library)] public static partial void cfmakeraw(termios* settings);
}
