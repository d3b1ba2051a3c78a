using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>
/// What the processes of a cgroup (version 2) use, from the files of its controllers. Null is what the kernel does not count
/// here. The files are made by the kernel, so what does not fit is left out in silence.
/// </summary>
internal readonly record struct CgroupUsage(long? CpuMs, long? MemoryBytes, long? MemoryPeakBytes, long? Tasks, long? IoReadBytes, long? IoWriteBytes)
{
    /// <param name="path">The folder.</param>
    public static CgroupUsage Read(string path)
    {
        string? io = Sys.ReadText(path + "/io.stat");
        return new(
            Field(Sys.ReadText(path + "/cpu.stat"), "usage_usec") / 1000,
            Number(Sys.ReadText(path + "/memory.current")),
            Number(Sys.ReadText(path + "/memory.peak")), // since Linux 5.19
            Number(Sys.ReadText(path + "/pids.current")),
            SumOf(io, "rbytes="),
            SumOf(io, "wbytes="));
    }

    private static long? Number(ReadOnlySpan<char> text) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The number behind a name, in lines of <c>name number</c>.</summary>
    public static long? Field(string? text, string name)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
            if (line.StartsWith(name) && line.Length > name.Length && line[name.Length] == ' ') return Number(line[(name.Length + 1)..]);
        return null;
    }

    /// <summary>The sum over devices, in lines of <c>8:0 rbytes=4096 wbytes=0 ...</c>; null without the file.</summary>
    public static long? SumOf(string? text, string key)
    {
        if (text is null) return null;
        long sum = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
            foreach (var range in line.Split(' '))
                if (line[range].StartsWith(key) && Number(line[range][key.Length..]) is { } number) sum += number;
        return sum;
    }
}
