using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

// linux/aio_abi.h, sys/eventfd.h
internal static unsafe partial class Libc
{
    public const nint SYS_io_setup = 206, SYS_io_destroy = 207, SYS_io_getevents = 208, SYS_io_submit = 209; // x86-64
    public const ushort IOCB_CMD_FSYNC = 2, IOCB_CMD_FDSYNC = 3; // Linux 4.18
    public const uint IOCB_FLAG_RESFD = 1;
    public const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;

    [StructLayout(LayoutKind.Sequential)]
    public struct iocb
    {
        public ulong aio_data;
        public uint aio_key, aio_rw_flags;
        public ushort aio_lio_opcode;
        public short aio_reqprio;
        public uint aio_fildes;
        public ulong aio_buf, aio_nbytes;
        public long aio_offset;
        public ulong aio_reserved2;
        public uint aio_flags, aio_resfd;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct io_event
    {
        public ulong data, obj;
        public long res, res2;
    }

    [LibraryImport(Library, SetLastError = true)] public static partial int eventfd(uint count, int flags);
}
