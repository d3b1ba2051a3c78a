using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// termios.h, sys/ioctl.h
internal static unsafe partial class Libc
{
    public const uint TIOCGWINSZ = 0x5413;
    public const int TCSANOW = 0, VMIN = 6, VTIME = 5;
    public const uint ISIG = 1, ICANON = 2, ECHO = 8;

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
}
