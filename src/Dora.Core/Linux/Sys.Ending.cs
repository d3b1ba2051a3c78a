namespace Dora.Core.Linux;

internal static unsafe partial class Sys
{
    /// <summary>Sets the seconds after which a watchdog that is not fed resets the machine; gives what the device really took.</summary>
    public static Errno SetWatchdogTimeout(FileDescriptor device, int seconds, out int taken)
    {
        taken = seconds;
        int value = seconds;
        var errno = Check(Libc.ioctl_int(device.Number, Libc.WDIOC_SETTIMEOUT, &value));
        if (errno == Errno.None || Libc.ioctl_int(device.Number, Libc.WDIOC_GETTIMEOUT, &value) == 0) taken = value;
        return errno;
    }

    /// <summary>kexec_file_load(2): the kernel that reboot(2) with KEXEC starts; <paramref name="initramfs"/> may be left out.</summary>
    public static Errno LoadKernel(FileDescriptor kernel, FileDescriptor? initramfs, string commandLine)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(commandLine + '\0');
        fixed (byte* p = text)
        {
            nint result = Libc.syscall5(Libc.SYS_kexec_file_load, kernel.Number, initramfs?.Number ?? -1, text.Length, (nint)p,
                initramfs is null ? Libc.KEXEC_FILE_NO_INITRAMFS : 0);
            return Check(result, out _);
        }
    }

    /// <summary>Whether an exec keeps the descriptor open.</summary>
    public static Errno KeepAtExec(int number, bool isKept) => Check(Libc.fcntl(number, Libc.F_SETFD, isKept ? 0 : Libc.FD_CLOEXEC));

    /// <summary>The name that /proc/PID/comm shows; after an exec of a descriptor the kernel gives only its number.</summary>
    public static void SetProcessName(ReadOnlySpan<byte> name)
    {
        fixed (byte* p = name) _ = Libc.prctl(Libc.PR_SET_NAME, p);
    }

    /// <summary>sigtimedwait(2): takes one pending signal of <paramref name="signals"/>, which must be blocked; 0 when the time is over.</summary>
    public static int WaitForSignals(ReadOnlySpan<int> signals, TimeSpan limit)
    {
        Libc.sigset_t set = default;
        foreach (int signal in signals) set.bits |= 1ul << (signal - 1);
        Libc.timespec time = new() { tv_sec = (long)limit.TotalSeconds, tv_nsec = limit.Ticks % TimeSpan.TicksPerSecond * 100 };
        return Math.Max(Libc.sigtimedwait(&set, null, &time), 0);
    }
}
