namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>
    /// A pseudo terminal, by <paramref name="multiplexer"/> (/dev/ptmx, of whatever instance of devpts it belongs to): the master,
    /// non-blocking, and the terminal itself. That one is opened through the master, so its path need not be in reach.
    /// </summary>
    public static Errno OpenTerminal(string multiplexer, out FileDescriptor master, out FileDescriptor terminal)
    {
        terminal = new FileDescriptor(-1);
        var errno = Open(multiplexer, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out master);
        if (errno != Errno.None) return errno;
        int locked = 0;
        errno = Check(Libc.ioctl(master.Number, Libc.TIOCSPTLCK, (nint)(&locked)));
        if (errno == Errno.None) errno = Own(Libc.ioctl(master.Number, Libc.TIOCGPTPEER, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC), out terminal);
        if (errno != Errno.None) master.Dispose();
        return errno;
    }

    /// <summary>The foreground process group of a terminal, asked of it or of its master; 0 if there is none.</summary>
    public static int ForegroundGroup(FileDescriptor terminal)
    {
        int group = 0;
        return Libc.ioctl(terminal.Number, Libc.TIOCGPGRP, (nint)(&group)) < 0 ? 0 : group;
    }

    public static Errno SetWindowSize(FileDescriptor terminal, ushort rows, ushort columns)
    {
        Libc.winsize size = new() { ws_row = rows, ws_col = columns };
        return Check(Libc.ioctl(terminal.Number, Libc.TIOCSWINSZ, (nint)(&size)));
    }

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

    /// <summary>tcsetattr(3), at once: a terminal that is stopped must not hold us up.</summary>
    public static Errno SetTerminal(FileDescriptor terminal, Libc.termios settings)
    {
        int result;
        do result = Libc.tcsetattr(terminal.Number, Libc.TCSANOW, &settings);
        while (result < 0 && Libc.errno == Errno.EINTR);
        return Check(result);
    }

    /// <summary>cfmakeraw(3): bytes as they come, no echo, no signals.</summary>
    public static Libc.termios Raw(Libc.termios settings)
    {
        Libc.cfmakeraw(&settings);
        return settings;
    }

    /// <summary>openat(2), close-on-exec.</summary>
    public static Errno OpenAt(FileDescriptor folder, string path, int flags, out FileDescriptor fd)
    {
        fixed (byte* p = new CString(path)) return Own(Libc.openat(folder.Number, p, flags | Libc.O_CLOEXEC, 0), out fd);
    }

    /// <summary>openat2(2), close-on-exec: <paramref name="root"/> is the root for absolute paths, links and '..' alike.</summary>
    public static Errno OpenInRoot(FileDescriptor root, string path, int flags, out FileDescriptor fd)
    {
        ulong* how = stackalloc ulong[3]; // struct open_how: flags, mode, resolve
        how[0] = (ulong)(uint)(flags | Libc.O_CLOEXEC);
        how[1] = 0;
        how[2] = Libc.RESOLVE_IN_ROOT;
        fixed (byte* p = new CString(path)) return Own((int)Libc.syscall5(Libc.SYS_openat2, root.Number, (nint)p, (nint)how, 3 * sizeof(ulong), 0), out fd);
    }

    /// <summary>setns(2): <paramref name="kind"/> is one of CLONE_NEW*.</summary>
    public static Errno EnterNamespace(FileDescriptor entered, int kind) => Check(Libc.setns(entered.Number, kind));
}
