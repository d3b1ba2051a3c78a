using System.Globalization;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// Processes: /proc/PID. Any may end while it is looked at, and is then left out; what may not be read is absent. To read
/// a command line the kernel takes a lock of that process, for which it may let us wait: this belongs in a helper.
/// </summary>
internal sealed class ProcessReader(string root, TimeSpan sinceBoot, DateTime now)
{
    private const int LongestCommandLine = 64 * 1024;

    /// <summary>All processes by number.</summary>
    public IReadOnlyList<ProcessInfo> All()
    {
        var processes = new Collected<ProcessInfo>();
        foreach (int pid in Pids(root))
            if (One(pid, inDetail: false, withSecrets: false) is { } process) processes.Add(process);
        return processes.ToArray();
    }

    /// <summary>Numbers of all processes, in order.</summary>
    public static List<int> Pids(string root)
    {
        var pids = new List<int>();
        if (Sys.Open($"{root}/proc", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder) != Errno.None) return pids;
        var names = new List<string>();
        using (folder) _ = Sys.ReadNames(folder, int.MaxValue, names, out _);
        foreach (string name in names)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)) continue;
            // The kernel lists them in order.
            int at = pids.Count;
            while (at > 0 && pids[at - 1] > pid) at--;
            pids.Insert(at, pid);
        }
        return pids;
    }

    /// <summary>One process; null if there is none of this number.</summary>
    /// <param name="pid">Its number.</param>
    /// <param name="inDetail">With what one asks about a single one.</param>
    /// <param name="withSecrets">With what the kernel would tell only its own user and root.</param>
    public ProcessInfo? One(int pid, bool inDetail, bool withSecrets)
    {
        string folder = $"{root}/proc/{pid.ToString()}";
        if (Stat(folder) is not { } stat) return null;
        var (uid, swap) = Status($"{folder}/status");
        string cgroup = Cgroup($"{folder}/cgroup", out string? service);
        return new ProcessInfo
        {
            Pid = pid,
            ParentPid = stat.ParentPid,
            Uid = uid,
            Name = stat.Name,
            Command = CommandLine($"{folder}/cmdline"),
            State = stat.StateName,
            Kernel = stat.IsKernel ? true : null,
            Service = service,
            StartedAt = Started(stat),
            CpuMs = stat.CpuTicks * ProcessStat.TickMs,
            RssBytes = stat.RssPages * Environment.SystemPageSize,
            VirtualBytes = stat.VirtualBytes,
            SwapBytes = swap,
            Threads = stat.Threads,
            OpenFiles = Sys.CountNames($"{folder}/fd", out int open) == Errno.None ? open : null,
            Nice = stat.Nice,
            Cgroup = inDetail && cgroup.Length > 0 ? cgroup : null,
            Executable = inDetail && withSecrets && Sys.ReadLink($"{folder}/exe", out string program) == Errno.None ? program : null,
            Directory = inDetail && withSecrets && Sys.ReadLink($"{folder}/cwd", out string directory) == Errno.None ? directory : null,
            Limits = inDetail ? Limits(SystemText.Table($"{folder}/limits")) : null,
        };
    }

    public static ProcessStat? Stat(string folder) =>
        Sys.ReadFile($"{folder}/stat", out var content) == Errno.None && ProcessStat.TryParse(content, out var stat) ? stat : null;

    private Moment Started(ProcessStat stat)
    {
        var at = TimeSpan.FromMilliseconds(stat.StartedMs);
        return Moment.At(at, now - sinceBoot + at);
    }

    /// <summary>The real user, and what is in swap.</summary>
    private static (int Uid, long? SwapBytes) Status(string path)
    {
        int uid = 0;
        long? swap = null;
        foreach (var line in SystemText.Table(path).AsSpan().EnumerateLines())
        {
            // Its name is the first line, with line ends escaped: nothing that it chooses begins a line.
            if (line.StartsWith("Uid:"))
            {
                var rest = line[4..];
                uid = (int)SystemText.NextNumber(ref rest);
            }
            else if (line.StartsWith("VmSwap:"))
            {
                var rest = line[7..];
                swap = SystemText.NextNumber(ref rest) * 1024;
            }
        }
        return (uid, swap);
    }

    private static List<string> CommandLine(string path)
    {
        var words = new List<string>();
        _ = Sys.ReadFileStart(path, LongestCommandLine, out var content);
        var rest = content.AsSpan().TrimEnd((byte)0);
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)0);
            words.Add(Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]));
            rest = end < 0 ? default : rest[(end + 1)..];
        }
        return words;
    }

    private static string Cgroup(string path, out string? service)
    {
        service = null;
        if (Sys.ReadFile(path, out var content) != Errno.None) return "";
        if (CgroupPath.Parse(content) is { IsEmpty: false } name) service = Encoding.UTF8.GetString(name);
        foreach (var line in Encoding.UTF8.GetString(content).AsSpan().EnumerateLines())
            if (line.StartsWith("0::")) return line[3..].ToString();
        return "";
    }

    /// <summary>A table with columns of fixed width (proc_pid_limits(5)): name of 25 characters, two of 20, unit.</summary>
    internal static ProcessLimit[] Limits(string text)
    {
        const int Name = 25, Value = 20;
        var limits = new Collected<ProcessLimit>();
        bool isHeading = true;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (isHeading || line.Length < Name + 2 * Value)
            {
                isHeading = false;
                continue;
            }
            var rest = line[Name..];
            long? soft = SystemText.TryNumber(SystemText.NextWord(ref rest), out long first) ? first : null;
            long? hard = SystemText.TryNumber(SystemText.NextWord(ref rest), out long second) ? second : null;
            var unit = rest.Trim();
            limits.Add(new ProcessLimit { Name = line[..Name].Trim().ToString(), Soft = soft, Hard = hard, Unit = unit.IsEmpty ? null : unit.ToString() });
        }
        return limits.ToArray();
    }
}
