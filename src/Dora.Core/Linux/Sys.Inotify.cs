namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>inotify_init1(2), close-on-exec; it never blocks.</summary>
    public static Errno OpenInotify(out FileDescriptor fd) => Own(Libc.inotify_init1(Libc.IN_CLOEXEC | Libc.IN_NONBLOCK), out fd);

    /// <summary>inotify_add_watch(2): a number for the inode, the same one if it is watched already.</summary>
    public static Errno AddWatch(FileDescriptor inotify, string path, uint events, out int watch)
    {
        fixed (byte* p = new CString(path)) return Check(Libc.inotify_add_watch(inotify.Number, p, events), out watch);
    }

    public static Errno RemoveWatch(FileDescriptor inotify, int watch) => Check(Libc.inotify_rm_watch(inotify.Number, watch));
}
