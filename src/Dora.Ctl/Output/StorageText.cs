using System.Globalization;
using Dora.Core.Protocol.Storage;

namespace Dora.Ctl.Output;

/// <summary>What persists, and what lies in RAM.</summary>
internal static class StorageText
{
    private const int BarWidth = 20;

    public static void Write(Screen screen, StorageStatus status)
    {
        var tone = status.State switch { StorageStates.Ready => Tone.Good, StorageStates.Failed => Tone.Bad, _ => Tone.Busy };
        Layout.WriteSentence(screen, tone, screen.Foreign($"storage: {status.State}{Words(status)}"));
        if (status is { SizeBytes: > 0 and { } size, UsedBytes: { } used })
        {
            // As df has it: what is kept for root is nobody else's to fill.
            long available = status.AvailableBytes ?? size - used, whole = used + available;
            screen.WriteLine($"  {Bar(screen, used, whole)} {Output.Words.Bytes(used)} of {Output.Words.Bytes(size)} used ({Output.Words.Percent(used, whole)}), "
                + screen.Paint(Output.Words.ToneOf(used, whole), $"{Output.Words.Bytes(available)} available"));
        }
        foreach (var disk in status.Disks)
        {
            string what = string.Join(", ", ((string?[])[disk.Model, disk.Serial is { } serial ? $"serial {serial}" : null]).Where(text => text is not null));
            screen.WriteLine($"  {screen.Foreign($"{"disk " + disk.Number?.ToString(CultureInfo.InvariantCulture),-8}{disk.Name}{(what.Length > 0 ? $" ({what})" : "")}")}{(disk.Missing ? ": " + screen.Paint(Tone.Bad, screen.Foreign($"missing{(disk.Problem is { } problem ? $", {problem}" : "")}")) : "")}");
        }
        if (status.Scrub is { } scrub) screen.WriteLine(Scrub(screen, scrub));
        if (status.Uuid is { } uuid) screen.WriteLine(screen.Paint(Tone.Faint, screen.Foreign($"  uuid    {uuid}")));
        if (status.TookMs is { } took) screen.WriteLine(screen.Paint(Tone.Faint, $"  boot    {took} ms to find, check and mount it"));
        if (status.Paths.Count == 0) return;

        screen.WriteLine();
        var table = new Table("PATH", "PERSISTS", "WHERE");
        bool isLost = false;
        foreach (var path in status.Paths)
        {
            isLost |= !path.Persistent;
            table.Add((screen.Foreign(path.Path), Tone.Plain), path.Persistent ? ("yes", Tone.Good) : ("no", Tone.Busy), (screen.Foreign(path.Persistent ? path.At ?? "-" : "in RAM"), Tone.Faint));
        }
        table.Write(screen);
        if (!isLost) return;
        screen.WriteLine();
        Layout.WriteSentence(screen, Tone.Plain, "what is written to paths in RAM is gone after the next boot; 'dora disk list' tells of each disk why it is not used");
    }

    private static string Scrub(Screen screen, ScrubStatus scrub)
    {
        string when = scrub.State == "running"
            ? scrub.TotalBytes is > 0 and { } total ? $"running, {Output.Words.Percent(Math.Min(scrub.CheckedBytes, total), total)}" : "running"
            : $"{scrub.State} {scrub.EndedAt}";
        var (found, tone) = DiskReport.Found(scrub);
        return screen.Foreign($"  scrub   {when}: ") + screen.Paint(tone, found);
    }

    private static string Words(StorageStatus status)
    {
        var parts = new List<string>();
        // The reason of the boot begins with it: "btrfs on vda ...".
        if (status.FileSystem is { } type && status.Reason?.StartsWith($"{type} on ", StringComparison.Ordinal) == true) parts.AddRange(status.Encrypted ? ["encrypted"] : []);
        else if (status.FileSystem is not null) parts.Add($"{(status.Encrypted ? "encrypted " : "")}{status.FileSystem}{(status.Kind is { } kind and not "disk" ? $" by {kind}" : "")}");
        if (status.ClaimedThisBoot) parts.Add("claimed in this boot");
        if (status.Reason is { } reason) parts.Add(reason);
        return parts.Count > 0 ? ": " + string.Join(", ", parts) : "";
    }

    private static string Bar(Screen screen, long part, long whole)
    {
        int full = (int)Math.Clamp(Math.Round((double)part / Math.Max(whole, 1) * BarWidth), part > 0 ? 1 : 0, BarWidth);
        return screen.Paint(Output.Words.ToneOf(part, whole), new string(screen.IsUnicode ? '█' : '#', full)) + screen.Paint(Tone.Faint, new string(screen.IsUnicode ? '░' : '-', BarWidth - full));
    }
}
