namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>posix_spawn(3): another process with our descriptors but those that are close-on-exec.</summary>
    public static Errno Spawn(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, out int pid)
    {
        using var argv = new CStringArray(arguments);
        using var envp = new CStringArray(environment);
        int child = 0;
        int result;
        fixed (byte* p = new CString(path)) result = Libc.posix_spawn(&child, p, null, null, argv.Pointer, envp.Pointer);
        pid = child;
        return (Errno)result;
    }

    /// <summary>A second descriptor of the same open file, which a program that is executed keeps: to be closed when it has been.</summary>
    public static Errno DuplicateForChild(FileDescriptor fd, out FileDescriptor copy) => Own(Libc.fcntl(fd.Number, Libc.F_DUPFD, 3), out copy, fd.MayLinger);

    public static void CloseOnExecute(FileDescriptor fd) => _ = Libc.fcntl(fd.Number, Libc.F_SETFD, Libc.FD_CLOEXEC);

    /// <summary>The same with other standard streams; null leaves ours.</summary>
    public static Errno Spawn(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, FileDescriptor? input, FileDescriptor? output, out int pid)
    {
        using var argv = new CStringArray(arguments);
        using var envp = new CStringArray(environment);
        int child = 0;
        Libc.posix_spawn_file_actions_t actions;
        int result = Libc.posix_spawn_file_actions_init(&actions);
        if (result == 0 && input is not null) result = Libc.posix_spawn_file_actions_adddup2(&actions, input.Number, 0);
        if (result == 0 && output is not null) result = Libc.posix_spawn_file_actions_adddup2(&actions, output.Number, 1);
        fixed (byte* p = new CString(path))
            if (result == 0) result = Libc.posix_spawn(&child, p, &actions, null, argv.Pointer, envp.Pointer);
        _ = Libc.posix_spawn_file_actions_destroy(&actions);
        pid = child;
        return (Errno)result;
    }

    /// <summary>Waits for a child and takes it from the table; its exit code, or 128 and its signal.</summary>
    public static int WaitFor(int pid)
    {
        int status = 0, result;
        do result = Libc.wait4(pid, &status, 0, null);
        while (result < 0 && Libc.errno == Errno.EINTR);
        return result < 0 ? -1 : (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    /// <summary>PR_SET_PDEATHSIG of prctl(2): a signal for us when the thread that started us ends; kept across an exec.</summary>
    public static void EndWithParent(int signal) => _ = Libc.prctl(Libc.PR_SET_PDEATHSIG, (byte*)signal);

    /// <summary>Lets a signal pass unnoticed, here and in whatever we execute.</summary>
    public static void Ignore(int signal) => _ = Libc.signal(signal, Libc.SIG_IGN);

    /// <summary>Takes that back.</summary>
    public static void Heed(int signal) => _ = Libc.signal(signal, Libc.SIG_DFL);

    public static int ParentId => Libc.getppid();

    public static int ProcessId => Libc.getpid();

    public static uint UserId => Libc.geteuid();
}
