using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>What /proc/PID/stat says of a process (proc(5)).</summary>
/// <param name="ParentPid">Field 4.</param>
/// <param name="StartTicks">Field 22: when it was started, in clock ticks since boot.</param>
internal sealed record ProcessStatus(int ParentPid, long StartTicks)
{
    public static ProcessStatus? Read(int pid) => Sys.ReadText($"/proc/{pid}/stat") is { } text ? Parse(text) : null;

    internal static ProcessStatus? Parse(string text)
    {
        // Field 2 is the name in parentheses and may hold anything, parentheses and spaces too.
        int end = text.LastIndexOf(')');
        if (end < 0) return null;
        string[] fields = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && int.TryParse(fields[1], out int parent) && long.TryParse(fields[19], out long start)
            ? new ProcessStatus(parent, start)
            : null;
    }
}
