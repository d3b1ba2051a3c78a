using System.Globalization;

namespace Dora.Core.Configuration;

internal enum RemoteStorageKind
{
    Nfs,
    Nbd,
    VirtioFs,
    NineP,
    Iscsi,
}

/// <summary>
/// A place of storage that is not in this machine, as <c>pandora.storage=</c> and storage.yaml name it:
///
///   nfs:SERVER[:PORT]:/EXPORT   nbd:SERVER[:PORT][/NAME]   iscsi:SERVER[:PORT]/TARGET[/LUN]   virtiofs:TAG   9p:TAG
///
/// SERVER is a name, an address of IPv4, or one of IPv6 in brackets.
/// </summary>
internal readonly struct RemoteStorageName
{
    public const string Forms = "nfs:SERVER:/EXPORT, nbd:SERVER[:PORT][/NAME], iscsi:SERVER[:PORT]/TARGET[/LUN], virtiofs:TAG or 9p:TAG";
    private const int LongestText = 1024, LongestName = 255, LongestVirtioFsTag = 36, LongestNinePTag = 31, LongestTarget = 223, LastLun = 255;

    // As in the texts; the index is the kind, the number its port: IANA's.
    private static readonly (string Word, int Port)[] s_kinds = [("nfs", 2049), ("nbd", 10809), ("virtiofs", 0), ("9p", 0), ("iscsi", 3260)];

    private RemoteStorageName(RemoteStorageKind kind, string server, int port, string path, int lun = 0) =>
        (Kind, Server, Port, Path, Lun) = (kind, server, port, path, lun);

    public RemoteStorageKind Kind { get; }

    /// <summary>Name or address, without brackets; empty where the hypervisor is the server.</summary>
    public string Server { get; }

    public int Port { get; }

    /// <summary>Path of the export, name of the export (may be empty), name of the target, or tag.</summary>
    public string Path { get; }

    /// <summary>Which disk of the target.</summary>
    public int Lun { get; }

    public bool NeedsNetwork => Kind is RemoteStorageKind.Nfs or RemoteStorageKind.Nbd or RemoteStorageKind.Iscsi;

    /// <summary>It is a disk like any other once it is attached, not a file system.</summary>
    public bool IsBlockDevice => Kind is RemoteStorageKind.Nbd or RemoteStorageKind.Iscsi;

    /// <summary>Whether the text begins as a remote place does; then <see cref="TryParse"/> says what is wrong with the rest.</summary>
    public static bool IsMeant(string text) => KindOf(text) >= 0;

    public static bool TryParse(string text, out RemoteStorageName name, out string problem)
    {
        name = default;
        problem = Parse(text, ref name) ?? "";
        return problem.Length == 0;
    }

    public override string ToString()
    {
        var (word, usual) = s_kinds[(int)Kind];
        if (!NeedsNetwork) return $"{word}:{Path}";
        string server = Server.Contains(':') ? $"[{Server}]" : Server;
        string port = Port == usual ? "" : $":{Port}";
        return Kind is RemoteStorageKind.Nfs ? $"{word}:{server}{port}:{Path}" : $"{word}:{server}{port}{(Path.Length == 0 ? "" : $"/{Path}")}{(Lun == 0 ? "" : $"/{Lun}")}";
    }

    private static int KindOf(string text)
    {
        for (int i = 0; i < s_kinds.Length; i++)
            if (text.Length > s_kinds[i].Word.Length && text[s_kinds[i].Word.Length] == ':' && text.StartsWith(s_kinds[i].Word, StringComparison.Ordinal)) return i;
        return -1;
    }

    private static string? Parse(string text, ref RemoteStorageName name)
    {
        int kindNumber = KindOf(text);
        if (kindNumber < 0) return $"is not one of {Forms}";
        if (text.Length > LongestText) return $"is longer than {LongestText} characters";
        foreach (char c in text)
            if (char.IsControl(c) || char.IsSurrogate(c)) return "has a character in it that no name has";
        var kind = (RemoteStorageKind)kindNumber;
        var (word, port) = s_kinds[kindNumber];
        string rest = text[(word.Length + 1)..];
        if (port == 0) return ParseTag(kind, rest, ref name);

        if (ServerName.Take(ref rest, ref port, out string server) is { } problem) return problem;
        return kind switch
        {
            RemoteStorageKind.Nfs => ParseExport(server, port, rest, ref name),
            RemoteStorageKind.Iscsi => ParseTarget(server, port, rest, ref name),
            _ => ParseNbd(server, port, rest, ref name),
        };
    }

    private static string? ParseTag(RemoteStorageKind kind, string tag, ref RemoteStorageName name)
    {
        int longest = kind is RemoteStorageKind.VirtioFs ? LongestVirtioFsTag : LongestNinePTag;
        if (tag.Length == 0) return "the tag that the hypervisor gave the file system is missing";
        // 9p: the tag becomes one of the mount's options.
        foreach (char c in tag)
            if (c is <= ' ' or > '~' or ',') return "a tag has no blanks, no commas, and characters of ASCII only";
        if (tag.Length > longest) return $"a tag has at most {longest} characters";
        name = new RemoteStorageName(kind, "", 0, tag);
        return null;
    }

    private static string? ParseExport(string server, int port, string rest, ref RemoteStorageName name)
    {
        if (!rest.StartsWith(":/", StringComparison.Ordinal)) return "the path of the export is missing: nfs:SERVER:/EXPORT";
        name = new RemoteStorageName(RemoteStorageKind.Nfs, server, port, rest[1..]);
        return null;
    }

    private static string? ParseNbd(string server, int port, string rest, ref RemoteStorageName name)
    {
        if (rest.Length > 0 && rest[0] != '/') return $"'{Printable.Text(rest)}' behind the server is neither :PORT nor /NAME";
        string export = rest.Length == 0 ? "" : rest[1..];
        if (export.Length > LongestName) return $"the name of an export has at most {LongestName} characters";
        name = new RemoteStorageName(RemoteStorageKind.Nbd, server, port, export);
        return null;
    }

    // RFC 7143, 4.2.7: iqn., naa. or eui., and characters that a slash is not among.
    private static string? ParseTarget(string server, int port, string rest, ref RemoteStorageName name)
    {
        if (rest is not ['/', ..]) return "the name of the target is missing: iscsi:SERVER/iqn.2026-11.org.example:disk";
        int slash = rest.IndexOf('/', 1), lun = 0;
        string target = slash < 0 ? rest[1..] : rest[1..slash];
        if (slash >= 0 && (!int.TryParse(rest.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out lun) || lun > LastLun))
            return $"'{Printable.Text(rest[(slash + 1)..])}' is not the number of a disk of the target (LUN): 0 to {LastLun}";
        bool isName = target.Length is > 4 and <= LongestTarget && target[..4].ToLowerInvariant() is "iqn." or "naa." or "eui.";
        foreach (char c in target) isName &= char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ':';
        if (!isName) return $"'{Printable.Text(target)}' is not the name of a target: iqn.2026-11.org.example:disk";
        name = new RemoteStorageName(RemoteStorageKind.Iscsi, server, port, target, lun);
        return null;
    }
}
