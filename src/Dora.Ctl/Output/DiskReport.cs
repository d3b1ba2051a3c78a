using System.Globalization;
using Dora.Core.Protocol.Machine;
using Dora.Core.Protocol.Storage;

namespace Dora.Ctl.Output;

/// <summary>Disks on the screen, as storage sees them.</summary>
internal static class DiskReport
{
    private const int Size = 1, Model = 2, Serial = 3;

    /// <summary>Each disk with its reason; what to do stands below, where the eye is.</summary>
    public static void WriteList(Screen screen, IReadOnlyList<DiskStatus> disks)
    {
        if (disks.Count == 0)
        {
            screen.WriteLine("no disks");
            return;
        }
        var table = new Table("NAME", "SIZE", "MODEL", "SERIAL", "STATE", "WHY") { AlignRight = [Size], Dispensable = [Serial, Model, Size] };
        bool any = false;
        foreach (var disk in disks)
        {
            any |= disk.Advice is not null;
            table.Add((screen.Foreign(disk.Name), Tone.Plain), (Words.Bytes(disk.SizeBytes), Tone.Plain), (screen.Foreign(disk.Model ?? "-"), Tone.Plain), (screen.Foreign(disk.Serial ?? "-"), Tone.Plain),
                (screen.Foreign(disk.State), ToneOf(disk.State)), (screen.Foreign(disk.Reason ?? ""), Tone.Plain));
        }
        table.Write(screen);
        if (!any) return;
        screen.WriteLine();
        foreach (var disk in disks)
            if (disk.Advice is { } advice) Layout.WriteSentence(screen, Tone.Plain, screen.Foreign($"{disk.Name}: {advice}"), indent: 2);
    }

    /// <summary>Which disk it is and what is on it: whoever is going to write to it sees this first.</summary>
    public static void WriteIdentity(Screen screen, DiskStatus disk)
    {
        screen.WriteLine(screen.Paint(Tone.Strong, screen.Foreign(disk.Name)) + screen.Foreign(disk.Model is { } model ? $" - {model}" : ""));
        var fields = new Table("", "") { IsHeaded = false };
        void Field(string name, string? value, Tone tone = Tone.Plain)
        {
            if (value is not null) fields.Add(("  " + name, Tone.Faint), (screen.Foreign(value), tone));
        }

        Field("size", $"{Words.Bytes(disk.SizeBytes)} ({disk.SizeBytes.ToString(CultureInfo.InvariantCulture)} bytes)");
        Field("serial", disk.Serial ?? "none");
        Field("state", disk.State, ToneOf(disk.State));
        Field("content", disk.Reason ?? (disk.State == DiskStates.Empty ? "nothing" : "unknown"));
        if (disk.Storage is { } storage) Field("storage", $"{storage}{(disk.Number is { } number ? $", disk {number}" : "")}");
        fields.Write(screen);
    }

    /// <param name="screen">Where to.</param>
    /// <param name="disk">What storage says of it.</param>
    /// <param name="device">What the kernel says of it.</param>
    /// <param name="health">What it says itself.</param>
    public static void WriteOne(Screen screen, DiskStatus disk, DiskInfo? device, DiskHealth? health)
    {
        WriteIdentity(screen, disk);
        var fields = new Table("", "") { IsHeaded = false };
        void Field(string name, string? value, Tone tone = Tone.Plain)
        {
            if (value is not null) fields.Add(($"  {name,-7}", Tone.Faint), (screen.Foreign(value), tone));
        }

        Field("path", disk.Path);
        Field("id", disk.Id ?? "none: it could not be told from another one");
        Field("bus", disk.Transport);
        if (device is not null)
        {
            var traits = new List<string>();
            if (device.Vendor is { } vendor) traits.Add(vendor);
            traits.Add(device.Rotational ? "rotational" : "no moving parts");
            if (device.Removable) traits.Add("removable");
            if (device.ReadOnly) traits.Add("read-only");
            Field("traits", string.Join(", ", traits));
            if (device.Holders.Count > 0) Field("part of", string.Join(", ", device.Holders));
            foreach (var mount in device.Mounts) Field("mounted", Mounted(mount));
        }
        if (health is not null) Field("health", HealthOf(health) + (health.Celsius is { } celsius ? $", {celsius} °C" : "") + (health.PowerOnHours is { } hours ? $", on for {hours} h" : ""), ToneOf(health));
        Field("token", disk.Token);
        fields.Write(screen);
        if (device is { Partitions.Count: > 0 })
        {
            screen.WriteLine();
            var table = new Table("PARTITION", "START", "SIZE", "LABEL", "MOUNTED") { AlignRight = [1, 2] };
            foreach (var partition in device.Partitions)
                table.Add((screen.Foreign(partition.Name), Tone.Plain), (Words.Bytes(partition.StartBytes), Tone.Plain), (Words.Bytes(partition.SizeBytes), Tone.Plain), (screen.Foreign(partition.Label ?? "-"), Tone.Plain),
                    (screen.Foreign(partition.Mounts.Count > 0 ? Mounted(partition.Mounts[0]) : partition.Holders.Count > 0 ? $"part of {string.Join(", ", partition.Holders)}" : "-"), Tone.Plain));
            table.Write(screen);
        }
        if (disk.Advice is not { } advice) return;
        screen.WriteLine();
        Layout.WriteSentence(screen, Tone.Plain, screen.Foreign(advice));
    }

    public static void WriteHealth(Screen screen, IReadOnlyList<DiskHealth> disks)
    {
        if (disks.Count == 0) screen.WriteLine("no disks");
        if (disks.Count == 0) return;
        var table = new Table("DISK", "HEALTH", "TEMP", "HOURS", "REPLACED", "PENDING", "ERRORS", "WEAR", "WHY") { AlignRight = [2, 3, 4, 5, 6, 7], Dispensable = [3, 2, 7] };
        foreach (var disk in disks)
            table.Add((screen.Foreign(disk.Name), Tone.Plain), (HealthOf(disk), ToneOf(disk)), Number(disk.Celsius, " °C"), Number(disk.PowerOnHours), Count(disk.ReallocatedSectors), Count(disk.PendingSectors),
                Count(disk.MediaErrors), Number(disk.WearPercent, " %"), (screen.Foreign(disk.Reason ?? ""), Tone.Faint));
        table.Write(screen);

        static (string, Tone) Number(long? value, string unit = "") => (value is { } number ? number.ToString(CultureInfo.InvariantCulture) + unit : "-", Tone.Plain);

        static (string, Tone) Count(long? value) => (value?.ToString(CultureInfo.InvariantCulture) ?? "-", value > 0 ? Tone.Busy : Tone.Plain);
    }

    public static void WriteScrub(Screen screen, ScrubStatus scrub)
    {
        if (scrub.State == "never")
        {
            screen.WriteLine("scrub: never; 'dora disk scrub' begins one");
            return;
        }
        string far = scrub is { State: "running", TotalBytes: > 0 and { } total } ? $", {Words.Percent(Math.Min(scrub.CheckedBytes, total), total)}" : "";
        screen.WriteLine(screen.Foreign($"scrub: {scrub.State}{far}, {Words.Bytes(scrub.CheckedBytes)} compared{(scrub.StartedAt is { } at ? $", begun {at}" : "")}"));
        var (found, tone) = Found(scrub);
        screen.WriteLine("  " + screen.Paint(tone, found));
        if (scrub.Uncorrectable > 0) screen.WriteLine("try 'dora log kernel': it names the files that are damaged");
    }

    public static (string, Tone) Found(ScrubStatus scrub) => scrub.Errors == 0 ? ("no errors", Tone.Good)
        : ($"{scrub.Errors} errors, {scrub.Corrected} mended, {scrub.Uncorrectable} that cannot be", scrub.Uncorrectable > 0 ? Tone.Bad : Tone.Busy);

    private static string HealthOf(DiskHealth health) => health.Passed switch { true => "passed", false => "failing", _ => "unknown" };

    private static Tone ToneOf(DiskHealth health) => health.Passed switch { true => Tone.Good, false => Tone.Bad, _ => Tone.Plain };

    private static Tone ToneOf(string state) => state switch
    {
        DiskStates.Ours => Tone.Good,
        DiskStates.Empty => Tone.Strong,
        DiskStates.Unfinished or DiskStates.Unsure => Tone.Busy,
        DiskStates.Unusable => Tone.Faint,
        _ => Tone.Plain,
    };

    private static string Mounted(MountInfo mount) => $"{mount.Path} ({mount.FileSystem})";
}
