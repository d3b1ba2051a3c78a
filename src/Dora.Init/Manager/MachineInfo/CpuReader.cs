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
        var frequencies = new Dictionary<int, int>();
        var sockets = new HashSet<string>();
        var cores = new HashSet<(string, string)>();
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
                case "cpu MHz" when processor >= 0 && double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double mhz) && mhz < 1e6:
                    frequencies[processor] = (int)mhz;
                    break;
                case "physical id":
                    sockets.Add(package = value.ToString());
                    break;
                case "core id":
                    cores.Add((package, value.ToString()));
                    break;
                case "flags" or "Features" when flags.Length == 0:
                    flags = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    break;
            }
        }

        CpuTimes? total = null;
        var cpus = new List<CpuTimes>();
        long? switches = null, interrupts = null;
        foreach (var line in stat.AsSpan().EnumerateLines())
        {
            var rest = line;
            var word = SystemText.NextWord(ref rest);
            if (word is "cpu") total = Times(null, rest, null);
            else if (word.StartsWith("cpu") && int.TryParse(word[3..], NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                cpus.Add(Times(id, rest, frequencies.TryGetValue(id, out int mhz) ? mhz : null));
            else if (word is "ctxt") switches = SystemText.NextNumber(ref rest);
            else if (word is "intr") interrupts = SystemText.NextNumber(ref rest);
        }

        var load = loadavg.AsSpan().Trim();
        double? one = Decimal(ref load), five = Decimal(ref load), fifteen = Decimal(ref load);
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
            Cpus = cpus,
        };
    }

    private static CpuTimes Times(int? id, ReadOnlySpan<char> rest, int? mhz) => new()
    {
        Id = id,
        Mhz = mhz,
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

    private static double? Decimal(ref ReadOnlySpan<char> text) =>
        double.TryParse(SystemText.NextWord(ref text), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value < 1e9 ? value : null;
}
