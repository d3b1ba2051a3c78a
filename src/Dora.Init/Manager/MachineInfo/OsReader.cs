using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>The system: /proc/sys/kernel, /etc/os-release, clocks.</summary>
internal static class OsReader
{
    public static OsInfo Read(string root, TimeSpan sinceBoot, DateTime now)
    {
        var release = Release(SystemText.Table($"{root}/etc/os-release") is { Length: > 0 } etc ? etc : SystemText.Table($"{root}/usr/lib/os-release"));
        string kernel = $"{root}/proc/sys/kernel";
        return new OsInfo
        {
            Hostname = SystemText.Line($"{kernel}/hostname") ?? "",
            Kernel = SystemText.Line($"{kernel}/osrelease") ?? "",
            KernelVersion = SystemText.Line($"{kernel}/version") ?? "",
            Machine = MachineName,
            Distribution = release.GetValueOrDefault("ID"),
            DistributionName = release.GetValueOrDefault("PRETTY_NAME") ?? release.GetValueOrDefault("NAME"),
            DistributionVersion = release.GetValueOrDefault("VERSION_ID"),
            InitVersion = typeof(OsReader).Assembly.GetName().Version?.ToString(3) ?? "0",
            BootId = SystemText.Line($"{kernel}/random/boot_id"),
            BootedAt = Moment.Format(now - sinceBoot),
            UptimeMs = (long)sinceBoot.TotalMilliseconds,
            CommandLine = SystemText.Line($"{root}/proc/cmdline"),
        };
    }

    private static string MachineName => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        var other => other.ToString(),
    };

    /// <summary>os-release(5): NAME=value, where the value is a word of a shell, perhaps in quotes.</summary>
    internal static Dictionary<string, string> Release(string text)
    {
        var values = new Dictionary<string, string>();
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var trimmed = line.Trim();
            int equals = trimmed.IndexOf('=');
            if (equals <= 0 || trimmed[0] == '#') continue;
            values[trimmed[..equals].ToString()] = Unquote(trimmed[(equals + 1)..]);
        }
        return values;
    }

    private static string Unquote(ReadOnlySpan<char> value)
    {
        char quote = value is ['"' or '\'', ..] ? value[0] : '\0';
        if (quote != '\0') value = value.Length > 1 && value[^1] == quote ? value[1..^1] : value[1..];
        if (quote == '\'' || value.IndexOf('\\') < 0) return value.ToString();
        var plain = new System.Text.StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\' && i + 1 < value.Length) i++;
            plain.Append(value[i]);
        }
        return plain.ToString();
    }
}
