using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// Up to which line a target has everything, kept in a file: numbers count anew in each boot, so the boot stands in front of it. What an
/// earlier boot has left over comes first, as far as there are files of it.
/// A file that is lost or damaged costs lines that are sent twice, or those that an earlier boot has left over.
/// </summary>
internal sealed class ForwardPosition
{
    public const string Folder = "/var/lib/dora/log-forward";

    /// <summary>So much of an id is in the names of files, and tells boots apart.</summary>
    private const int BootLength = Store.StoreFile.BootLength;

    private readonly string _path, _boot;
    private string _of;
    private (string Of, long Sequence) _saved;

    public ForwardPosition(string name, string folder = Folder, string? boot = null)
    {
        _path = $"{folder}/{name}";
        _boot = boot ?? Sys.ReadText("/proc/sys/kernel/random/boot_id")?.Trim() ?? "";
        _of = _boot;
        if (Sys.ReadText(_path)?.Trim().Split(' ') is [var last, var number] && IsBoot(last) && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence))
            (_of, Sequence) = (last, sequence);
        _saved = (_of, Sequence);
    }

    /// <summary>How the id of the boot begins that <see cref="Sequence"/> counts in, if it is not this one.</summary>
    public string? EarlierBoot => _of.Length >= BootLength && !_boot.StartsWith(_of[..BootLength], StringComparison.Ordinal) ? _of[..BootLength] : null;

    /// <summary>The last line that need not be sent again; 0: none.</summary>
    public long Sequence { get; set; }

    public bool IsSaved => _saved == (_of, Sequence);

    /// <summary>The earlier boot is through: the one behind it comes next.</summary>
    /// <param name="boots">All that there are lines of, the oldest first; how their ids begin.</param>
    public void GoOn(IReadOnlyList<string> boots)
    {
        int place = 0;
        while (place < boots.Count && boots[place] != EarlierBoot) place++;
        // Where its files are gone, all that there are have come after it.
        string next = place < boots.Count ? place + 1 < boots.Count ? boots[place + 1] : _boot : boots.Count > 0 ? boots[0] : _boot;
        (_of, Sequence) = (_boot.StartsWith(next, StringComparison.Ordinal) ? _boot : next, 0);
    }

    public Errno Save()
    {
        var errno = Sys.ReplaceFile(_path, $"{_of} {Sequence.ToString(CultureInfo.InvariantCulture)}\n");
        if (errno == Errno.None) _saved = (_of, Sequence);
        return errno;
    }

    /// <summary>An id, or how it begins.</summary>
    private static bool IsBoot(string text)
    {
        foreach (char c in text)
            if (!char.IsAsciiHexDigitLower(c) && c != '-') return false;
        return text.Length is >= BootLength and <= 36;
    }
}
