using System.Text;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// /etc/passwd and /etc/group, read by ourselves: a static program has no NSS. As with the C library the first line of
/// a name or number counts, a name goes before a number, and a line that makes no sense is passed over.
/// </summary>
public sealed class UserDatabase
{
    private const int LargestFile = 1 << 20;

    private readonly List<UserEntry> _users;
    private readonly List<GroupEntry> _groups;

    private UserDatabase(List<UserEntry> users, List<GroupEntry> groups) => (_users, _groups) = (users, groups);

    /// <summary>All users, in the order of the file.</summary>
    public IReadOnlyList<UserEntry> Users => _users;

    /// <summary>All groups, in the order of the file.</summary>
    public IReadOnlyList<GroupEntry> Groups => _groups;

    /// <summary>Reads both files; one that cannot be read is as good as empty.</summary>
    public static UserDatabase Load(string passwdPath = "/etc/passwd", string groupPath = "/etc/group") =>
        Parse(Text(passwdPath), Text(groupPath));

    /// <summary>The same from text.</summary>
    public static UserDatabase Parse(string passwd, string group) => new(ParseUsers(passwd), ParseGroups(group));

    /// <summary>A user by name or number; null if there is none.</summary>
    public UserEntry? FindUser(string nameOrNumber)
    {
        foreach (var user in _users)
            if (user.Name == nameOrNumber) return user;
        return AccountName.TryParseNumber(nameOrNumber, out uint number) ? FindUser(number) : null;
    }

    /// <summary>A user by number; null if there is none.</summary>
    public UserEntry? FindUser(uint uid)
    {
        foreach (var user in _users)
            if (user.Uid == uid) return user;
        return null;
    }

    /// <summary>A group by name or number; null if there is none.</summary>
    public GroupEntry? FindGroup(string nameOrNumber)
    {
        foreach (var group in _groups)
            if (group.Name == nameOrNumber) return group;
        if (!AccountName.TryParseNumber(nameOrNumber, out uint number)) return null;
        foreach (var group in _groups)
            if (group.Gid == number) return group;
        return null;
    }

    /// <summary>What setgroups(2) gets for this user: the primary group first, then those that list the user, each once.</summary>
    public IReadOnlyList<uint> GroupsOf(UserEntry user)
    {
        List<uint> gids = [user.Gid];
        foreach (var group in _groups)
            if (group.Members.Contains(user.Name) && !gids.Contains(group.Gid)) gids.Add(group.Gid);
        return gids;
    }

    internal static List<UserEntry> ParseUsers(string text)
    {
        var users = new List<UserEntry>();
        Span<Range> fields = stackalloc Range[8];
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            // name:password:uid:gid:gecos:home:shell, of which the last three may be missing
            if (!TrySplit(line, fields, least: 4, most: 7, out int count)
                || !AccountName.TryParseNumber(line[fields[2]], out uint uid)
                || !AccountName.TryParseNumber(line[fields[3]], out uint gid)) continue;
            string home = count > 5 ? line[fields[5]].ToString() : "";
            string shell = count > 6 ? line[fields[6]].Trim().ToString() : "";
            users.Add(new UserEntry(line[fields[0]].ToString(), uid, gid,
                home.StartsWith('/') ? home : "/", shell.StartsWith('/') ? shell : "/bin/sh"));
        }
        return users;
    }

    internal static List<GroupEntry> ParseGroups(string text)
    {
        var groups = new List<GroupEntry>();
        Span<Range> fields = stackalloc Range[5];
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            // name:password:gid:member,member
            if (!TrySplit(line, fields, least: 3, most: 4, out int count)
                || !AccountName.TryParseNumber(line[fields[2]], out uint gid)) continue;
            string[] members = count > 3
                ? line[fields[3]].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                : [];
            groups.Add(new GroupEntry(line[fields[0]].ToString(), gid, members));
        }
        return groups;
    }

    private static bool TrySplit(ReadOnlySpan<char> line, Span<Range> fields, int least, int most, out int count)
    {
        count = 0;
        // '+' and '-' lines are for NIS; a NUL would cut a path short further on.
        if (line.IsEmpty || line[0] is '#' or '+' or '-' or ' ' or '\t' || line.Contains('\0')) return false;
        count = line.Split(fields, ':');
        return count >= least && count <= most && !line[fields[0]].IsEmpty;
    }

    private static string Text(string path) =>
        Sys.Stat(path, out var status) == Errno.None && (status.st_mode & Libc.S_IFMT) == Libc.S_IFREG
            && Sys.ReadFile(path, out var bytes, LargestFile) == Errno.None
            ? Encoding.UTF8.GetString(bytes)
            : "";
}
