namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    public static Errno Mount(string source, string target, string? type, ulong flags, string? data = null)
    {
        fixed (byte* s = new CString(source), t = new CString(target), y = new CString(type), d = new CString(data))
            return Check(Libc.mount(s, t, y, flags, d));
    }

    public static Errno Unmount(string target, int flags = 0)
    {
        fixed (byte* t = new CString(target)) return Check(Libc.umount2(t, flags | Libc.UMOUNT_NOFOLLOW));
    }

    public static Errno ChangeDirectory(string path)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.chdir(p));
    }

    public static Errno ChangeRoot(string path)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.chroot(p));
    }

    public static Errno SetHostName(string name)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(name);
        fixed (byte* p = bytes) return Check(Libc.sethostname(p, (nuint)bytes.Length));
    }

    /// <summary>reboot(2); <paramref name="command"/> is one of RB_*.</summary>
    public static Errno Reboot(int command) => Check(Libc.reboot(command));

    /// <summary>delete_module(2), without waiting: EWOULDBLOCK when somebody uses it.</summary>
    public static Errno RemoveModule(string name)
    {
        fixed (byte* p = new CString(name))
            return Check((int)Libc.syscall(Libc.SYS_delete_module, (nint)p, Libc.O_NONBLOCK, 0));
    }

    /// <summary>finit_module(2).</summary>
    public static Errno LoadModule(FileDescriptor file, string parameters, int flags)
    {
        fixed (byte* p = new CString(parameters))
            return Check((int)Libc.syscall(Libc.SYS_finit_module, file.Number, (nint)p, flags));
    }

    /// <summary>execve(2): returns only when it failed.</summary>
    public static Errno Execute(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using var argv = new CStringArray(arguments);
        using var envp = new CStringArray(environment);
        fixed (byte* p = new CString(path)) return Check(Libc.execve(p, argv.Pointer, envp.Pointer));
    }
}
