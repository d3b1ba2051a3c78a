using System.Globalization;
using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

// The kinds of value that only ProcessKeys has.
internal sealed partial class SettingValue
{
    private const int MostProcessors = 1024, LongestPath = 4095;

    // Controllers of cgroups(7); cgroup itself for the two limits of the hierarchy.
    private static readonly string[] s_controllers = ["cpu", "cpuset", "dmem", "hugetlb", "io", "memory", "misc", "pids", "rdma"];

    public IReadOnlyList<string> Accounts()
    {
        var names = new List<string>();
        foreach (var word in Words("a list of names or numbers"))
        {
            if (AccountName.IsValid(word.Value)) names.Add(word.Value);
            else Fail(word, $"'{Printable.Text(word.Value)}' is neither a name (a-z, 0-9, '_', '-') nor a number");
        }
        if (names.Count > MostItems) Fail($"has more than {MostItems} names");
        return names;
    }

    /// <summary>Absolute paths, each with a '-' in front if it may be missing.</summary>
    public IReadOnlyList<OptionalPath> Paths() => PathsThat(static (value, word, path) => value.CheckAbsolute(word, path, "the path"));

    /// <summary>The same, for what is mounted: no '..' that would lead elsewhere.</summary>
    public IReadOnlyList<OptionalPath> SandboxPaths() => PathsThat(static (value, word, path) => value.CheckSandboxPath(word, path));

    public string SandboxPath()
    {
        string path = Word("an absolute path");
        return node is YamlScalar && CheckSandboxPath(node, path) ? path.TrimEnd('/') : "/";
    }

    private List<OptionalPath> PathsThat(Func<SettingValue, YamlScalar, string, bool> isFine)
    {
        var paths = new List<OptionalPath>();
        foreach (var word in Words("a list of absolute paths"))
        {
            bool mayBeMissing = word.Value.StartsWith('-');
            string path = mayBeMissing ? word.Value[1..] : word.Value;
            if (!isFine(this, word, path)) continue;
            paths.Add(new OptionalPath(path.Length > 1 ? path.TrimEnd('/') : path, mayBeMissing));
        }
        if (paths.Count > MostItems) Fail($"has more than {MostItems} paths");
        return paths;
    }

    private bool CheckSandboxPath(YamlNode at, string path)
    {
        if (!CheckAbsolute(at, path, "the path")) return false;
        string? reason = path.AsSpan().TrimEnd('/').IsEmpty ? "is the whole file system"
            : $"{path}/".Contains("/../", StringComparison.Ordinal) ? "may not hold '..'"
            : path.Length > LongestPath || path.Contains('\0') ? "is no path"
            : null;
        if (reason is not null) Fail(at, $"the path '{Printable.Text(path)}' {reason}");
        return reason is null;
    }

    /// <summary>A word, or the path of a file; <c>truncate:</c> in front of one for output.</summary>
    public StreamTarget Stream(bool isInput)
    {
        const string Truncate = "truncate:";
        string word = Word("a word or an absolute path");
        var none = new StreamTarget(StreamKind.None);
        if (node is not YamlScalar) return none;
        bool isEmptied = !isInput && word.StartsWith(Truncate, StringComparison.Ordinal);
        string path = isEmptied ? word[Truncate.Length..] : word;
        if (path.StartsWith('/')) return new StreamTarget(isEmptied ? StreamKind.EmptiedFile : StreamKind.File, path);
        switch (word)
        {
            case "none": return none;
            case "tty": return new StreamTarget(StreamKind.Terminal);
            case "log" when !isInput: return new StreamTarget(StreamKind.Log);
        }
        Fail($"'{Printable.Text(word)}' is not one of {(isInput ? "none, tty" : "log, none, tty")} or an absolute path"
            + (isInput ? "" : ", or truncate: and a path"));
        return none;
    }

    /// <summary>The number behind the colon of <c>word:number</c>.</summary>
    private static bool TryLevel(string text, string word, int least, int most, out int level)
    {
        level = 0;
        return text.Length > word.Length && text.StartsWith(word, StringComparison.Ordinal) && text[word.Length] == ':'
            && int.TryParse(text.AsSpan(word.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out level)
            && level >= least && level <= most;
    }

    public int IoPriority()
    {
        string word = Word();
        if (node is not YamlScalar) return 0;
        int kind = TryLevel(word, "realtime", 0, 7, out int level) ? Libc.IOPRIO_CLASS_RT
            : TryLevel(word, "best-effort", 0, 7, out level) ? Libc.IOPRIO_CLASS_BE
            : word == "idle" ? Libc.IOPRIO_CLASS_IDLE
            : 0;
        if (kind == 0) Fail($"'{Printable.Text(word)}' is not one of idle, best-effort:N, realtime:N, with N from 0 (first) to 7");
        return kind << Libc.IOPRIO_CLASS_SHIFT | level;
    }

    public Scheduling Scheduling()
    {
        string word = Word();
        var other = new Scheduling(Libc.SCHED_OTHER, 0);
        if (node is not YamlScalar) return other;
        if (TryLevel(word, "fifo", 1, 99, out int priority)) return new Scheduling(Libc.SCHED_FIFO, priority);
        if (TryLevel(word, "rr", 1, 99, out priority)) return new Scheduling(Libc.SCHED_RR, priority);
        switch (word)
        {
            case "other": return other;
            case "batch": return new Scheduling(Libc.SCHED_BATCH, 0);
            case "idle": return new Scheduling(Libc.SCHED_IDLE, 0);
        }
        Fail($"'{Printable.Text(word)}' is not one of other, batch, idle, fifo:N, rr:N, with N from 1 to 99");
        return other;
    }

    /// <summary>Numbers and ranges: <c>0</c>, <c>2-3</c>.</summary>
    public IReadOnlyList<int> Processors()
    {
        var processors = new List<int>();
        foreach (var word in Words("a list of processors such as [0, 2-3]"))
        {
            string text = word.Value;
            int dash = text.IndexOf('-');
            if (!Processor(dash < 0 ? text : text[..dash], out int first) || !Processor(dash < 0 ? text : text[(dash + 1)..], out int last) || last < first)
            {
                Fail(word, $"'{Printable.Text(text)}' is no processor from 0 to {MostProcessors - 1}, nor a range such as 2-3");
                continue;
            }
            for (int i = first; i <= last; i++)
                if (!processors.Contains(i)) processors.Add(i);
        }
        if (node is YamlList { Items.Count: 0 }) Fail("is empty; leave the key out for all processors");
        return processors;

        static bool Processor(string text, out int number) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < MostProcessors;
    }

    /// <summary>A mask; an empty list is no capability at all.</summary>
    public ulong Capabilities()
    {
        ulong mask = 0;
        foreach (var word in Words("a list of capabilities"))
        {
            int number = CapabilityName.Find(word.Value);
            if (number >= 0) mask |= 1ul << number;
            else Fail(word, $"there is no capability '{Printable.Text(word.Value)}'" + Suggestion.For(word.Value, CapabilityName.Names));
        }
        return mask;
    }

    public IReadOnlyList<CgroupSetting> CgroupFiles()
    {
        var files = new List<CgroupSetting>();
        foreach (var (name, value) in Mapping("a mapping of files to values, such as {memory.max: 64M}"))
        {
            string file = name.Value;
            if (CgroupFileProblem(file) is { } problem) Fail(name, $"'{Printable.Text(file)}' {problem}");
            else if (files.Exists(other => other.File == file)) Fail(name, $"{file}: is there twice");
            else files.Add(new CgroupSetting(file, CgroupValues(file, value)));
        }
        if (files.Count > MostItems) Fail($"has more than {MostItems} files");
        return files;
    }

    private static string? CgroupFileProblem(string file)
    {
        int dot = file.IndexOf('.');
        if (dot <= 0 || dot == file.Length - 1) return "is not a file of a cgroup, such as memory.max";
        foreach (char c in file)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_')) return "is not a file of a cgroup, such as memory.max";
        if (file is "cgroup.max.depth" or "cgroup.max.descendants") return null;
        string controller = file[..dot];
        if (controller == "cgroup") return "is init's own to write; of these there are cgroup.max.depth and cgroup.max.descendants";
        return Array.IndexOf(s_controllers, controller) >= 0 ? null
            : $"is of no controller that there is ({string.Join(", ", s_controllers)})" + Suggestion.For(controller, s_controllers);
    }

    // What a value may be is the kernel's to say, when the service starts. One line of print is all that is sure.
    private List<string> CgroupValues(string file, YamlNode value)
    {
        var values = new List<string>();
        IReadOnlyList<YamlNode> items = value is YamlList list ? list.Items : [value];
        foreach (var item in items)
        {
            if (item is not YamlScalar { IsNull: false } word) Fail(item, $"{file}: expected a word or a list of words, found {item.Kind}");
            else if (word.Value.Length is 0 or > 200 || word.Value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
                Fail(item, $"{file}: '{Printable.Text(word.Value)}' is not a line of at most 200 characters");
            else values.Add(word.Value);
        }
        if (items.Count is 0 or > 64) Fail(value, $"{file}: expected 1 to 64 values");
        return values;
    }

    /// <summary>Numbers, sorted, of what is named and of <c>@default</c>, without which nothing starts.</summary>
    public IReadOnlyList<int> SystemCalls()
    {
        var allowed = new bool[SystemCallName.End];
        SystemCallGroup.Allow(SystemCallGroup.Default, allowed);
        foreach (var word in Words("a list of groups and system calls"))
        {
            if (SystemCallGroup.Allow(word.Value, allowed)) continue;
            Fail(word, word.Value.StartsWith('@')
                ? $"there is no group '{Printable.Text(word.Value)}'" + Suggestion.For(word.Value, SystemCallGroup.Names)
                : $"there is no system call '{Printable.Text(word.Value)}'; groups begin with '@'");
        }
        var calls = new List<int>();
        for (int i = 0; i < allowed.Length; i++)
            if (allowed[i]) calls.Add(i);
        return calls;
    }
}
