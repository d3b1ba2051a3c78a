namespace Dora.Init.Storage.Remote;

/// <summary>
/// How long storage in the network may keep somebody waiting. Two wishes pull at these: a server that is restarted
/// should be waited for, and a machine whose server is gone must go on, with errors where files were. A minute is the
/// restart of a server's program or of a small machine.
/// </summary>
internal static class RemoteLimits
{
    /// <summary>One request without an answer: the link is taken for dead, and another connection is tried.</summary>
    public static readonly TimeSpan Request = TimeSpan.FromSeconds(15);

    /// <summary>From a dead link, on the first request, until requests fail.</summary>
    public static readonly TimeSpan DeadLink = TimeSpan.FromSeconds(60);

    /// <summary>One attempt to reach a server.</summary>
    public static readonly TimeSpan Attempt = TimeSpan.FromSeconds(10);

    /// <summary>The network at boot: a lease on one of the wired interfaces.</summary>
    public static readonly TimeSpan Network = TimeSpan.FromSeconds(15);
}
