namespace Dora.Core.Configuration;

/// <summary>A line of /etc/group.</summary>
/// <param name="Name">Name.</param>
/// <param name="Gid">Number.</param>
/// <param name="Members">Users who have it besides their primary group.</param>
public sealed record GroupEntry(string Name, uint Gid, IReadOnlyList<string> Members);
