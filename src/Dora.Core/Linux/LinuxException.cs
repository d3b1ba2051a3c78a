namespace Dora.Core.Linux;

/// <summary>A system call that had to succeed and did not. Prints as <c>mount /dev/shm: permission denied (EACCES)</c>.</summary>
public sealed class LinuxException(Errno errno, string operation, string? subject = null)
    : Exception(Describe(errno, operation, subject))
{
    /// <summary>The error number that the call left behind.</summary>
    public Errno Errno { get; } = errno;

    private static string Describe(Errno errno, string operation, string? subject) =>
        subject is null ? $"{operation}: {errno.Describe()}" : $"{operation} {subject}: {errno.Describe()}";
}
