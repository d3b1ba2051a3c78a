using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>When each stage began and was over, for the boot report of the manager (see <see cref="BootPaths.Stages"/>).</summary>
internal sealed class StageTimes
{
    private readonly StringBuilder _lines = new();

    public void Add(string name, TimeSpan start, TimeSpan end, string detail) =>
        _lines.Append(Line(name, start, end, detail));

    internal static string Line(string name, TimeSpan start, TimeSpan end, string detail)
    {
        // Labels of disks are foreign text: they must not make fields or lines of their own.
        var clean = new StringBuilder(detail);
        for (int i = 0; i < clean.Length; i++)
            if (char.IsControl(clean[i])) clean[i] = ' ';
        return $"{name}\t{Microseconds(start)}\t{Microseconds(end)}\t{clean}\n";
    }

    public void Write()
    {
        var errno = Sys.WriteFile(BootPaths.Stages, _lines.ToString(), Libc.O_CREAT | Libc.O_TRUNC);
        if (errno != Errno.None) Log.Warn($"boot: write {BootPaths.Stages}: {errno.Describe()}");
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
