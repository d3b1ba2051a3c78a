using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// Up to which line a target has everything, kept in a file: numbers count anew in each boot, so the boot stands in front of it.
/// A file that is lost or damaged costs lines that are sent twice, never one that is not sent.
/// </summary>
internal sealed class ForwardPosition
{
    public const string Folder = "/var/lib/dora/log-forward";

    private readonly string _path, _boot;
    private long _saved;

    public ForwardPosition(string name, string folder = Folder, string? boot = null)
    {
        _path = $"{folder}/{name}";
        _boot = boot ?? Sys.ReadText("/proc/sys/kernel/random/boot_id")?.Trim() ?? "";
        if (Sys.ReadText(_path)?.Trim().Split(' ') is [var last, var number] && last == _boot && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence))
            Sequence = _saved = sequence;
    }

    /// <summary>The last line that need not be sent again; 0: none.</summary>
    public long Sequence { get; set; }

    public bool IsSaved => Sequence == _saved;

    public Errno Save()
    {
        var errno = Sys.ReplaceFile(_path, $"{_boot} {Sequence.ToString(CultureInfo.InvariantCulture)}\n");
        if (errno == Errno.None) _saved = Sequence;
        return errno;
    }
}
