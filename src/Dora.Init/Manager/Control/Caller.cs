using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Control;

/// <summary>What a route demands of its caller, and what a caller has.</summary>
internal enum Access
{
    /// <summary>Anyone who can open the socket.</summary>
    Read,

    /// <summary>Root and the members of group <c>dora</c>.</summary>
    Change,

    /// <summary>Root alone.</summary>
    Admin,
}

/// <summary>
/// Who is at the other end, as the kernel recorded it when the connection was made (SO_PEERCRED, SO_PEERGROUPS):
/// what the process becomes or passes on later does not count.
/// </summary>
internal sealed record Caller(uint Uid, int Pid, Access Access)
{
    /// <summary>For people: <c>alice (uid 1000)</c>. Nothing is read for root, who has to be able to end a machine whose disk is dead.</summary>
    public string Describe() => Uid switch
    {
        0 => "root (uid 0)",
        uint.MaxValue => "somebody unknown",
        _ => UserDatabase.Load().FindUser(Uid) is { } user ? $"{user.Name} (uid {Uid})" : $"uid {Uid}",
    };

    /// <summary>Asks the kernel. Whoever cannot be identified may only read, and nobody may do more than <paramref name="most"/>.</summary>
    public static Caller Of(FileDescriptor connection, uint? operatorGroup, Access most)
    {
        var caller = Of(connection, operatorGroup);
        return caller.Access <= most ? caller : caller with { Access = most };
    }

    private static Caller Of(FileDescriptor connection, uint? operatorGroup)
    {
        if (Sys.PeerCredentials(connection, out var peer) != Errno.None) return new Caller(uint.MaxValue, 0, Access.Read);
        if (peer.uid == 0) return new Caller(0, peer.pid, Access.Admin);
        bool isOperator = operatorGroup is { } group && (peer.gid == group
            || (Sys.PeerGroups(connection, out uint[] groups) == Errno.None && Array.IndexOf(groups, group) >= 0));
        return new Caller(peer.uid, peer.pid, isOperator ? Access.Change : Access.Read);
    }
}
