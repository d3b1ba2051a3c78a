using System.Globalization;
using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>What services use, between two looks at it.</summary>
internal sealed class UsageTable
{
    private Dictionary<string, ServiceUsage> _before = [];
    private TimeSpan _at;
    private List<(ServiceUsage Now, double? Cpu, double? Read, double? Write)> _rows = [];

    /// <summary><c>c</c> for CPU, <c>m</c> for memory, <c>n</c> for the name.</summary>
    public char Order { get; set; } = 'c';

    /// <summary>Takes a look; shares of CPU and disk are those since the last one.</summary>
    /// <param name="services">What init has answered.</param>
    /// <param name="now">When, since boot.</param>
    public void Take(IReadOnlyList<ServiceUsage> services, TimeSpan now)
    {
        double seconds = (now - _at).TotalSeconds;
        var rows = new List<(ServiceUsage, double?, double?, double?)>();
        var before = new Dictionary<string, ServiceUsage>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            before[service.Name] = service;
            var last = _before.GetValueOrDefault(service.Name);
            // A counter that is lower than it was belongs to another run.
            double? Rate(long? value, long? old) => seconds > 0 && value is { } v && old is { } o && v >= o ? (v - o) / seconds : null;
            rows.Add((service, Rate(service.CpuMs, last?.CpuMs) / 10, Rate(service.IoReadBytes, last?.IoReadBytes), Rate(service.IoWriteBytes, last?.IoWriteBytes)));
        }
        (_before, _at, _rows) = (before, now, rows);
    }

    /// <param name="screen">Where to.</param>
    /// <param name="most">Rows that there is room for.</param>
    public void Write(Screen screen, int most = int.MaxValue)
    {
        var rows = new List<(ServiceUsage Now, double? Cpu, double? Read, double? Write)>(_rows);
        rows.Sort((a, b) =>
        {
            int order = Order switch
            {
                'c' => (b.Cpu ?? -1).CompareTo(a.Cpu ?? -1),
                'm' => (b.Now.MemoryBytes ?? -1).CompareTo(a.Now.MemoryBytes ?? -1),
                _ => 0,
            };
            return order != 0 ? order : string.CompareOrdinal(a.Now.Name, b.Now.Name);
        });
        var table = new Table("SERVICE", "STATE", "CPU %", "CPU TIME", "MEMORY", "PEAK", "TASKS", "READ/s", "WRITE/s", "RESTARTS")
        {
            AlignRight = [2, 3, 4, 5, 6, 7, 8, 9],
            Dispensable = [5, 3, 8, 7, 6, 1],
        };
        for (int i = 0; i < rows.Count && i < most; i++)
        {
            var (now, cpu, read, write) = rows[i];
            table.Add((screen.Foreign(now.Name), Tone.Plain), (screen.Foreign(now.State), Words.ToneOf(now.State)),
                (cpu?.ToString("0.0", CultureInfo.InvariantCulture) ?? "-", cpu >= 50 ? Tone.Busy : Tone.Plain),
                (now.CpuMs is { } ms ? CpuTime(ms) : "-", Tone.Plain),
                (Size(now.MemoryBytes), Tone.Plain), (Size(now.MemoryPeakBytes), Tone.Faint), (now.Tasks?.ToString(CultureInfo.InvariantCulture) ?? "-", Tone.Plain),
                (Size((long?)read), Tone.Plain), (Size((long?)write), Tone.Plain),
                (now.Restarts.ToString(CultureInfo.InvariantCulture), now.Restarts > 0 ? Tone.Busy : Tone.Plain));
        }
        table.Write(screen);
    }

    /// <summary>All services in one line.</summary>
    public string Sum()
    {
        double cpu = 0;
        long memory = 0, tasks = 0;
        int running = 0, bad = 0;
        foreach (var (now, share, _, _) in _rows)
        {
            cpu += share ?? 0;
            memory += now.MemoryBytes ?? 0;
            tasks += now.Tasks ?? 0;
            if (now.Tasks is not null || now.CpuMs is not null) running++;
            if (Words.ToneOf(now.State) == Tone.Bad) bad++;
        }
        string failed = bad > 0 ? $", {bad} failed" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{_rows.Count} services, {running} running{failed}; CPU {cpu:0.0} %, memory {Size(memory)}, {tasks} tasks");
    }

    private static string CpuTime(long ms) => ms < 60_000
        ? (ms / 1000.0).ToString("0.00", CultureInfo.InvariantCulture) + " s"
        : $"{ms / 60_000}:{ms / 1000 % 60:00} min";

    /// <summary><c>512 B</c>, <c>4.0 KiB</c>, <c>120 MiB</c>.</summary>
    public static string Size(long? bytes)
    {
        if (bytes is not { } value) return "-";
        if (value < 1024) return $"{value} B";
        double size = value;
        string unit = "B";
        foreach (string next in new[] { "KiB", "MiB", "GiB", "TiB" })
        {
            if (size < 1023.5) break;
            size /= 1024;
            unit = next;
        }
        return size.ToString(size < 9.95 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + unit;
    }
}
