namespace Dora.Core.Configuration;

/// <summary>A line of /etc/passwd.</summary>
/// <param name="Name">Login name.</param>
/// <param name="Uid">User number.</param>
/// <param name="Gid">Number of the primary group.</param>
/// <param name="Home">Home directory, <c>/</c> where the line has none.</param>
/// <param name="Shell">Login shell, <c>/bin/sh</c> where the line has none, as passwd(5) says.</param>
public sealed record UserEntry(string Name, uint Uid, uint Gid, string Home, string Shell);
