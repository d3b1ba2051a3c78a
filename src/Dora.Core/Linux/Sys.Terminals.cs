namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>Rows and columns of a terminal; zeros where it does not know (a serial line).</summary>
    public static Errno GetWindowSize(FileDescriptor terminal, out int rows, out int columns)
    {
        Libc.winsize size;
        var errno = Check(Libc.ioctl(terminal.Number, Libc.TIOCGWINSZ, (nint)(&size)));
        (rows, columns) = errno == Errno.None ? (size.ws_row, size.ws_col) : (0, 0);
        return errno;
    }

    public static Errno GetTerminal(FileDescriptor terminal, out Libc.termios settings)
    {
        fixed (Libc.termios* p = &settings) return Check(Libc.tcgetattr(terminal.Number, p));
    }

    public static Errno SetTerminal(FileDescriptor terminal, Libc.termios settings) => Check(Libc.tcsetattr(terminal.Number, Libc.TCSANOW, &settings));
}
