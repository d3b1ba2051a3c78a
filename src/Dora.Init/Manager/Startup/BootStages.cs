using System.Globalization;
using Dora.Core.Linux;
using Dora.Init.Boot;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Startup;

/// <summary>The stages before the root was switched, as the initramfs left them (see <see cref="BootPaths.Stages"/>).</summary>
internal static class BootStages
{
    private const int MostStages = 64;

    /// <summary>None when there is no such file: the machine has not booted by our initramfs.</summary>
    public static IReadOnlyList<SavedStage> Read() => Parse(Sys.ReadText(BootPaths.Stages) ?? "");

    internal static IReadOnlyList<SavedStage> Parse(string text)
    {
        var stages = new List<SavedStage>();
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split('\t', 4);
            if (fields.Length < 3 || stages.Count == MostStages) continue;
            if (!TryMicroseconds(fields[1], out var start) || !TryMicroseconds(fields[2], out var end)) continue;
            string phase = fields[0] == "kernel" ? "kernel" : "initramfs";
            stages.Add(new SavedStage(fields[0], phase, start, end, fields.Length == 4 ? fields[3] : ""));
        }
        return stages;
    }

    private static bool TryMicroseconds(string text, out TimeSpan time)
    {
        bool isNumber = long.TryParse(text, NumberStyles.None, null, out long value) && value < long.MaxValue / TimeSpan.TicksPerMicrosecond;
        time = isNumber ? new TimeSpan(value * TimeSpan.TicksPerMicrosecond) : default;
        return isNumber;
    }
}
