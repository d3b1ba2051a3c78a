namespace Dora.Core.Protocol;

/// <summary>Where a line came from.</summary>
internal enum LogSource : byte
{
    Output = 1,
    Error = 2,
    Syslog = 3,
    Kernel = 4,

    /// <summary>syslog itself has something to say.</summary>
    Self = 5,

    /// <summary>Another machine: its address is the kernel's word, everything else its own.</summary>
    Remote = 6,
}
