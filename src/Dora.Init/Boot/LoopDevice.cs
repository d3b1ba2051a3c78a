using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>
/// A file as a block device. Autoclear: once it is mounted and our descriptor is closed, it lives exactly as long as the
/// mount.
/// </summary>
internal static class LoopDevice
{
    /// <summary>Others may take the number that we were told is free, but not for ever.</summary>
    private const int MostTries = 16;

    /// <summary>Read-only.</summary>
    public static FileDescriptor Attach(string path, out string device)
    {
        Sys.Open(path, Libc.O_RDONLY, 0, out var file).ThrowIfError("open", path);
        using (file) return Attach(file, path, Libc.LO_FLAGS_READ_ONLY | Libc.LO_FLAGS_AUTOCLEAR, out device);
    }

    public static FileDescriptor Attach(FileDescriptor file, string path, uint flags, out string device)
    {
        Sys.Open("/dev/loop-control", Libc.O_RDWR, 0, out var control).ThrowIfError("open", "/dev/loop-control");
        using (control)
        {
            for (int i = 0; ; i++)
            {
                Sys.Ioctl(control, Libc.LOOP_CTL_GET_FREE, 0, out int number).ThrowIfError("find a free loop device");
                device = $"/dev/loop{number}";
                Sys.Open(device, (flags & Libc.LO_FLAGS_READ_ONLY) != 0 ? Libc.O_RDONLY : Libc.O_RDWR, 0, out var loop).ThrowIfError("open", device);
                var errno = Sys.ConfigureLoop(loop, file, flags, path);
                if (errno == Errno.None) return loop;
                loop.Dispose();
                if (errno != Errno.EBUSY || i == MostTries) throw new LinuxException(errno, $"put {path} on", device);
            }
        }
    }
}
