namespace Dora.Core.Configuration;

/// <summary>What its process is to us.</summary>
public enum ServiceType
{
    /// <summary>Its process runs until it is stopped.</summary>
    Daemon,

    /// <summary>Its process does one thing and ends; it counts as done with exit code 0.</summary>
    Oneshot,

    /// <summary>It has no process: it is up when what it needs is up.</summary>
    Group,
}
