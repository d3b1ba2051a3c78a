using System.Globalization;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Processors: /proc/cpuinfo, /proc/stat, /proc/loadavg.</summary>
internal static class CpuReader
{
    private const int TickMs = 10; // USER_HZ is 100 wherever init runs (time(7))

    public static CpuInfo Read(string root) =>
        Parse(SystemText.Table($"{root}/proc/cpuinfo"), SystemText.Table($"{root}/proc/stat"), SystemText.Table($"{root}/proc/loadavg"));

    internal static CpuInfo Parse(string cpuinfo, string stat, string loadavg)
    {
        string? vendor = null, model = null;
        string[] flags = [];
        var frequencies = new List<int>();
        var sockets = new HashSet<string>();
        var cores = new HashSet<string>();
        int processor = -1;
        string package = "";
        foreach (var line in cpuinfo.AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon < 0) continue;
            var key = line[..colon].TrimEnd(" \t");
            var value = line[(colon + 1)..].Trim();
            switch (key)
            {
                case "processor":
                    processor = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;
                    break;
                case "vendor_id" or "CPU implementer":
                    vendor ??= Text(value);
                    break;
                case "model name" or "Model":
                    model ??= Text(value);
                    break;
                case "cpu MHz" when processor >= 0 && Decimal(value) is { } mhz and < 1e6:
                    frequencies.Add(processor);
                    frequencies.Add((int)mhz);
                    break;
                case "physical id":
                    sockets.Add(package = value.ToString());
                    break;
                case "core id":
                    cores.Add($"{package}/{value.ToString()}");
                    break;
                case "flags" or "Features" when flags.Length == 0:
                    flags = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    break;
            }
        }

        CpuTimes? total = null;
        var cpus = new Collected<CpuTimes>();
        long? switches = null, interrupts = null;
        foreach (var line in stat.AsSpan().EnumerateLines())
        {
            var rest = line;
            var word = SystemText.NextWord(ref rest);
            if (word is "cpu") total = Times(null, rest, frequencies);
            else if (word.StartsWith("cpu") && int.TryParse(word[3..], NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                cpus.Add(Times(id, rest, frequencies));
            else if (word is "ctxt") switches = SystemText.NextNumber(ref rest);
            else if (word is "intr") interrupts = SystemText.NextNumber(ref rest);
        }

        var load = loadavg.AsSpan().Trim();
        double? one = Decimal(SystemText.NextWord(ref load)), five = Decimal(SystemText.NextWord(ref load)), fifteen = Decimal(SystemText.NextWord(ref load));
        var tasks = SystemText.NextWord(ref load);
        int slash = tasks.IndexOf('/');
        return new CpuInfo
        {
            Vendor = vendor,
            Model = model,
            Count = cpus.Count,
            Sockets = sockets.Count > 0 ? sockets.Count : null,
            Cores = cores.Count > 0 ? cores.Count : null,
            Flags = flags,
            Load1 = one,
            Load5 = five,
            Load15 = fifteen,
            Running = slash > 0 ? Integer(tasks[..slash]) : null,
            Tasks = slash > 0 ? Integer(tasks[(slash + 1)..]) : null,
            ContextSwitches = switches,
            Interrupts = interrupts,
            Total = total,
            Cpus = cpus.ToArray(),
        };
    }

    /// <param name="id">Of the CPU; null for all together.</param>
    /// <param name="rest">Its line behind the name.</param>
    /// <param name="frequencies">Pairs of a CPU and what it runs at.</param>
    private static CpuTimes Times(int? id, ReadOnlySpan<char> rest, List<int> frequencies) => new()
    {
        Id = id,
        Mhz = Frequency(id, frequencies),
        UserMs = SystemText.NextNumber(ref rest) * TickMs,
        NiceMs = SystemText.NextNumber(ref rest) * TickMs,
        SystemMs = SystemText.NextNumber(ref rest) * TickMs,
        IdleMs = SystemText.NextNumber(ref rest) * TickMs,
        IoWaitMs = SystemText.NextNumber(ref rest) * TickMs,
        IrqMs = SystemText.NextNumber(ref rest) * TickMs,
        SoftIrqMs = SystemText.NextNumber(ref rest) * TickMs,
        StealMs = SystemText.NextNumber(ref rest) * TickMs,
        GuestMs = SystemText.NextNumber(ref rest) * TickMs,
    };

    private static string? Text(ReadOnlySpan<char> value) => value.IsEmpty ? null : value.ToString();

    private static int? Integer(ReadOnlySpan<char> text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static int? Frequency(int? id, List<int> frequencies)
    {
        for (int i = 0; i < frequencies.Count; i += 2)
            if (frequencies[i] == id) return frequencies[i + 1];
        return null;
    }

    /// <summary>Digits with two behind the point or more, which are left out: floating point would be 10 kB of code.</summary>
    private static double? Decimal(ReadOnlySpan<char> text)
    {
        int point = text.IndexOf('.');
        if (point < 0) return Integer(text);
        return Integer(text[..point]) is { } whole && point + 2 < text.Length && Integer(text.Slice(point + 1, 2)) is { } hundredths ? whole + hundredths / 100.0 : null;
    }
}
