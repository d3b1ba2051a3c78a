using System.Runtime.CompilerServices;

namespace Dora.Core.Linux;

/// <summary>
/// System calls as the rest of the code sees them: paths as strings, spans for buffers, <see cref="FileDescriptor"/>
/// with CLOEXEC always, EINTR retried here, and the outcome as an <see cref="Errno"/>. A caller decides what an error
/// means: return it on, or <see cref="ErrnoExtensions.ThrowIfError"/> where the call had to succeed.
/// One file per aspect: Sys.Files.cs, Sys.Sockets.cs, Sys.Mounts.cs, Sys.Signals.cs, Sys.Clocks.cs, Sys.Poll.cs.
/// </summary>
internal static unsafe partial class Sys
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Errno Check(int result) => result < 0 ? Libc.errno : Errno.None;

    private static Errno Check(nint result, out int count)
    {
        count = result < 0 ? 0 : (int)result;
        return result < 0 ? Libc.errno : Errno.None;
    }

    private static Errno Own(int result, out FileDescriptor fd, bool mayLinger = false)
    {
        fd = new FileDescriptor(result, mayLinger);
        return result < 0 ? Libc.errno : Errno.None;
    }
}

internal static class ErrnoExtensions
{
    /// <summary>Throws <see cref="LinuxException"/> unless the call succeeded.</summary>
    public static void ThrowIfError(this Errno errno, string operation, string? subject = null)
    {
        if (errno != Errno.None) throw new LinuxException(errno, operation, subject);
    }

    /// <summary>As <see cref="ThrowIfError"/>, but <paramref name="allowed"/> is as good as success (EEXIST of mkdir).</summary>
    public static void ThrowIfErrorBut(this Errno errno, Errno allowed, string operation, string? subject = null)
    {
        if (errno != allowed) errno.ThrowIfError(operation, subject);
    }
}
