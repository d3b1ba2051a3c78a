using Dora.Core.Linux;
using Dora.Init.Boot;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Startup;

/// <summary>What the initramfs wrote down of its stages (Boot/StageTimes).</summary>
internal static class BootStages
{
    public static List<SavedStage> Read() => Parse(Sys.ReadText(BootPaths.Stages) ?? "");

    /// <summary>Lines of name, start and end in microseconds since boot, and detail, separated by tabs; others are passed over.</summary>
    internal static List<SavedStage> Parse(string text)
    {
        var stages = new List<SavedStage>();
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split('\t');
            if (fields.Length != 4 || !long.TryParse(fields[1], out long start) || !long.TryParse(fields[2], out long end)) continue;
            // The first line is the kernel's own share, from power-on to its hand-over.
            string phase = stages.Count == 0 && start == 0 ? "kernel" : "initramfs";
            stages.Add(new SavedStage(fields[0], phase, TimeSpan.FromMicroseconds(start), TimeSpan.FromMicroseconds(end), fields[3]));
        }
        return stages;
    }
}
