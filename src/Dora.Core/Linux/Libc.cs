using System.Runtime.InteropServices;

namespace Dora.Core.Linux;

/// <summary>
/// The C library as it is: C names, blittable types, no logic. One file per family of headers
/// (<c>Libc.Mount.cs</c> for sys/mount.h ...). The manual pages are the documentation, and Dora.Abi tests compare every
/// constant and every structure with what the C compiler says. Above this folder nobody calls it:
/// <see cref="Sys"/> wraps it with spans, <see cref="FileDescriptor"/> and <see cref="Errno"/>.
/// </summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    /// <summary>errno of the last import marked SetLastError.</summary>
    public static Errno errno => (Errno)Marshal.GetLastPInvokeError();
}
