namespace Dora.Core.Linux;

// What a file is written through with while its process goes on: requests of io_submit(2).
internal static unsafe partial class Sys
{
    /// <summary>io_setup(2), for so many requests at once; and a descriptor that can be read when one has ended.</summary>
    public static Errno MakeRequests(int count, out nint requests, out FileDescriptor ended)
    {
        nint made = 0;
        requests = 0;
        ended = null!;
        var errno = Check((int)Libc.syscall(Libc.SYS_io_setup, count, (nint)(&made), 0));
        if (errno != Errno.None) return errno;
        errno = Own(Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK), out ended);
        if (errno == Errno.None) requests = made;
        else EndRequests(made);
        return errno;
    }

    /// <summary>io_destroy(2): waits for those that are not over.</summary>
    public static void EndRequests(nint requests) => _ = Libc.syscall(Libc.SYS_io_destroy, requests, 0, 0);

    /// <summary>fdatasync(2), or fsync(2), of a file as it is now. The kernel holds the file: its descriptor may be closed.</summary>
    public static Errno RequestSync(nint requests, FileDescriptor ended, FileDescriptor file, bool dataOnly, int tag)
    {
        var request = new Libc.iocb
        {
            aio_data = (ulong)tag, aio_lio_opcode = dataOnly ? Libc.IOCB_CMD_FDSYNC : Libc.IOCB_CMD_FSYNC, aio_fildes = (uint)file.Number,
            aio_flags = Libc.IOCB_FLAG_RESFD, aio_resfd = (uint)ended.Number,
        };
        var list = &request;
        return Check((int)Libc.syscall(Libc.SYS_io_submit, requests, 1, (nint)(&list)));
    }

    /// <summary>One that is over, without waiting.</summary>
    public static bool TryEndOfRequest(nint requests, out int tag, out Errno errno)
    {
        Libc.io_event over = default;
        Libc.timespec now = default;
        bool isOver = Libc.syscall5(Libc.SYS_io_getevents, requests, 1, 1, (nint)(&over), (nint)(&now)) == 1;
        tag = (int)over.data;
        errno = over.res < 0 ? (Errno)(-over.res) : Errno.None;
        return isOver;
    }
}
