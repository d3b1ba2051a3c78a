using System.Globalization;
using Dora.Core.Protocol.Machine;

namespace Dora.Ctl.Output;

/// <summary>
/// Processes by service, each below the one that started it. Services are PID 1's children by birth, so the tree of pids
/// alone would be one flat list. The list was read while processes came and went: a parent may be missing, or, with a
/// number that was used again, come out as a child of its own child.
/// </summary>
internal static class ProcessTree
{
    public static void Write(Screen screen, IReadOnlyList<ProcessInfo> processes)
    {
        var services = new SortedDictionary<string, List<ProcessInfo>>(StringComparer.Ordinal);
        foreach (var process in processes)
        {
            string name = process.Service ?? "";
            if (!services.TryGetValue(name, out var members)) services[name] = members = [];
            members.Add(process);
        }
        foreach (var (name, members) in services)
        {
            long memory = 0;
            foreach (var process in members) memory += process.RssBytes;
            string count = members.Count == 1 ? "1 process" : $"{members.Count} processes";
            screen.WriteLine($"{screen.Foreign(name.Length > 0 ? name : "(no service)")}  {screen.Paint(Tone.Faint, $"{count}, {Words.Bytes(memory)}")}");
            Write(screen, members);
        }
    }

    private static void Write(Screen screen, List<ProcessInfo> members)
    {
        var pids = new HashSet<int>();
        foreach (var process in members) pids.Add(process.Pid);
        var children = new Dictionary<int, List<ProcessInfo>>();
        foreach (var process in members)
        {
            int parent = pids.Contains(process.ParentPid) && process.ParentPid != process.Pid ? process.ParentPid : 0;
            if (!children.TryGetValue(parent, out var list)) children[parent] = list = [];
            list.Add(process);
        }
        var written = new HashSet<int>();
        Branch(0, "");
        // A circle has no top.
        foreach (var process in members)
            if (!written.Contains(process.Pid)) Line("", process);

        void Branch(int parent, string indent)
        {
            if (!children.TryGetValue(parent, out var list)) return;
            for (int i = 0; i < list.Count; i++)
            {
                bool isLast = i == list.Count - 1;
                Line(indent + (isLast ? "└─ " : "├─ "), list[i]);
                Branch(list[i].Pid, indent + (isLast ? "   " : "│  "));
            }
        }

        void Line(string indent, ProcessInfo process)
        {
            written.Add(process.Pid);
            screen.WriteLine($"{indent}{process.Pid.ToString(CultureInfo.InvariantCulture)} {MachineReport.CommandOf(screen, process)}");
        }
    }
}
