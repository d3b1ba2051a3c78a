using System.Text;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>/proc/PID/stat (proc_pid_stat(5)). A process chooses its name, so it may hold anything: <c>a) R (b</c>.</summary>
internal readonly record struct ProcessStat(int Pid, string Name, char State, int ParentPid, bool IsKernel, long CpuTicks, int Nice, int Threads, long StartTicks, long VirtualBytes, long RssPages)
{
    private const long KernelThread = 0x00200000; // PF_KTHREAD of linux/sched.h

    /// <summary>USER_HZ, in which the kernel tells times of processes, is 100 wherever init runs.</summary>
    public const int TickMs = 10;

    /// <summary>Milliseconds since boot.</summary>
    public long StartedMs => StartTicks * TickMs;

    /// <summary>In words of the API.</summary>
    public string StateName => State switch
    {
        'R' => "running",
        'S' => "sleeping",
        'D' => "blocked",
        'T' => "stopped",
        't' => "traced",
        'Z' => "zombie",
        'I' => "idle",
        'X' or 'x' => "dead",
        _ => "unknown",
    };

    public static bool TryParse(ReadOnlySpan<byte> content, out ProcessStat stat)
    {
        stat = default;
        int open = content.IndexOf((byte)'('), close = content.LastIndexOf((byte)')');
        if (open <= 0 || close < open || content.Length < close + 4) return false;
        Span<char> text = stackalloc char[Math.Min(content.Length - close - 1, 1024)];
        int length = Encoding.Latin1.GetChars(content.Slice(close + 1, text.Length), text);
        ReadOnlySpan<char> rest = text[..length].TrimEnd('\n');
        var state = SystemText.NextWord(ref rest);
        if (state.Length != 1 || !int.TryParse(content[..open].TrimEnd((byte)' '), out int pid)) return false;
        int parent = (int)SystemText.NextNumber(ref rest);
        Skip(ref rest, 4); // pgrp session tty tpgid
        long flags = SystemText.NextNumber(ref rest);
        Skip(ref rest, 4); // minflt cminflt majflt cmajflt
        long user = SystemText.NextNumber(ref rest), system = SystemText.NextNumber(ref rest);
        Skip(ref rest, 3); // cutime cstime priority
        int nice = (int)SystemText.NextNumber(ref rest), threads = (int)SystemText.NextNumber(ref rest);
        Skip(ref rest, 1);
        var started = SystemText.NextWord(ref rest);
        if (!SystemText.TryNumber(started, out long start) || start is < 0 or > long.MaxValue / TickMs) return false;
        stat = new ProcessStat(pid, Encoding.UTF8.GetString(content[(open + 1)..close]), state[0], parent, (flags & KernelThread) != 0,
            user + system, nice, threads, start, SystemText.NextNumber(ref rest), SystemText.NextNumber(ref rest));
        return true;
    }

    private static void Skip(ref ReadOnlySpan<char> rest, int words)
    {
        for (int i = 0; i < words; i++) SystemText.NextWord(ref rest);
    }
}
