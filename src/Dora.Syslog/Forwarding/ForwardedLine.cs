using System.Buffers;
using System.Globalization;
using System.Text;
using Dora.Core.Protocol;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// A line of the log as a syslog message: RFC 5424, with its number as <c>meta sequenceId</c> (section 7.3.1), so that a receiver can tell
/// one that it gets twice; or RFC 3164 for old ones, which has no year and no zone: its time is UTC. A line of another machine is passed on
/// in its name, with the time that it has said; without a name of its own its address stands there, as other relays have it.
/// </summary>
internal static class ForwardedLine
{
    private const string Months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    private const int LongestHost = 255, LongestTag = 48, LongestProcess = 128, LongestLegacyTag = 32;

    public static byte[] Write(LogLine line, string host, bool isLegacy, bool? isCounted)
    {
        int priority = (line.Facility ?? 1) * 8 + line.Priority;
        string? process = line.Pid?.ToString(CultureInfo.InvariantCulture);
        if (IsRemote(line))
        {
            host = line.Host ?? line.Service[1..];
            string tag = line.Tag ?? "";
            int bracket = tag.EndsWith(']') ? tag.IndexOf('[') : -1;
            if (bracket >= 0) (tag, process) = (tag[..bracket], tag[(bracket + 1)..^1]);
            line = line with { Service = tag, Time = line.Sent ?? line.Time };
        }
        string head = isLegacy ? Legacy(line, priority, host, process)
            : $"<{priority}>1 {Word(line.Time, 32)} {Word(host, LongestHost)} {Word(line.Service, LongestTag)} {Word(process ?? "", LongestProcess)} - [meta sequenceId=\"{SequenceId(line.Sequence ?? 1)}\"] ";
        string text = $"{head}{line.Message}";
        // Lines have none; but with a newline as frame it would be two.
        if (isCounted == false) text = text.Replace('\n', ' ') + "\n";
        byte[] message = Encoding.UTF8.GetBytes(text);
        return isCounted == true ? [.. Encoding.ASCII.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture) + " "), .. message] : message;
    }

    /// <summary>Of another machine.</summary>
    public static bool IsRemote(LogLine line) => line.Stream == "remote" && line.Service.StartsWith('@');

    /// <summary>1 to 2147483647, and from 1 on again.</summary>
    internal static long SequenceId(long sequence) => (Math.Max(sequence, 1) - 1) % int.MaxValue + 1;

    private static string Legacy(LogLine line, int priority, string host, string? process)
    {
        // 2026-11-21T23:05:55.123Z, as the log writes it.
        string time = "Jan  1 00:00:00";
        if (line.Time.Length > 19 && int.TryParse(line.Time.AsSpan(5, 2), out int month) && month is >= 1 and <= 12)
            time = $"{Months.AsSpan((month - 1) * 3, 3)} {(line.Time[8] == '0' ? ' ' : line.Time[8])}{line.Time.AsSpan(9, 1)} {line.Time.AsSpan(11, 8)}";
        string pid = process is null ? "" : $"[{Word(process, LongestProcess)}]";
        return $"<{priority}>{time} {Word(host, LongestHost)} {Word(line.Service, LongestLegacyTag)}{pid}: ";
    }

    /// <summary>A field has visible characters of ASCII, or is "-".</summary>
    private static string Word(string text, int longest)
    {
        if (text.Length == 0) return "-";
        return string.Create(Math.Min(text.Length, longest), text, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++) target[i] = source[i] is > ' ' and <= '~' ? source[i] : '?';
        });
    }
}
