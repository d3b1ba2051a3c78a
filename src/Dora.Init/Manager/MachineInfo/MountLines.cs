namespace Dora.Init.Manager.MachineInfo;

/// <summary>One line of /proc/self/mountinfo (proc_pid_mountinfo(5)).</summary>
internal sealed class MountLine
{
    /// <summary>Numbers of its device: <c>8:1</c>.</summary>
    public required string Device { get; init; }

    /// <summary>What of its file system is to be seen there.</summary>
    public required string Root { get; init; }

    /// <summary>Where.</summary>
    public required string Target { get; init; }

    /// <summary>Of the file system.</summary>
    public required string Type { get; init; }

    /// <summary>What the file system is made of.</summary>
    public required string Source { get; init; }

    /// <summary>Of the mount, and behind them those of the file system that it does not have itself.</summary>
    public required string Options { get; init; }

    public bool IsReadOnly => Option("ro") is not null;

    /// <summary>The value of an option, empty if it has none; null where it is not given. Overlayfs escapes commas and colons in paths.</summary>
    public string? Option(string name)
    {
        foreach (string option in Options.Split(','))
        {
            if (option == name) return "";
            if (option.Length > name.Length && option[name.Length] == '=' && option.StartsWith(name, StringComparison.Ordinal)) return option[(name.Length + 1)..];
        }
        return null;
    }
}

/// <summary>All mounts, in the order in which they were made.</summary>
internal sealed class MountLines
{
    private MountLine[] _lines = [];

    public ReadOnlySpan<MountLine> All => _lines;

    public static MountLines Parse(string mountinfo)
    {
        var lines = new Collected<MountLine>();
        foreach (var line in mountinfo.AsSpan().EnumerateLines())
        {
            // ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [FIELDS...] - TYPE SOURCE OPTIONS
            var rest = line;
            SystemText.NextWord(ref rest);
            SystemText.NextWord(ref rest);
            string device = SystemText.NextWord(ref rest).ToString();
            string root = Mounts.Unescape(SystemText.NextWord(ref rest)), target = Mounts.Unescape(SystemText.NextWord(ref rest));
            string options = SystemText.NextWord(ref rest).ToString();
            int dash = rest.IndexOf(" - ");
            if (dash < 0 || target.Length == 0) continue;
            rest = rest[(dash + 3)..];
            string type = SystemText.NextWord(ref rest).ToString();
            string source = Mounts.Unescape(SystemText.NextWord(ref rest));
            foreach (var option in SystemText.NextWord(ref rest).ToString().Split(','))
                if (option.Length > 0 && Array.IndexOf(options.Split(','), option) < 0) options += "," + option;
            lines.Add(new MountLine { Device = device, Root = root, Target = target, Type = type, Source = source, Options = options });
        }
        return new MountLines { _lines = lines.ToArray() };
    }

    /// <summary>The mount that a path lies on: the last one of those that are nearest.</summary>
    public MountLine? Find(string path)
    {
        MountLine? nearest = null;
        foreach (var line in _lines)
            if (Below(path, line.Target) is not null && (nearest is null || line.Target.Length >= nearest.Target.Length)) nearest = line;
        return nearest;
    }

    /// <summary>Another path that leads to the same folder: /data/home for a mount of /home that was bound; the mount's own path where there is none.</summary>
    public string SourceOf(MountLine mount)
    {
        foreach (var line in _lines)
            if (line.Target != mount.Target && line.Device == mount.Device && Below(mount.Root, line.Root) is { } rest && Find(line.Target + rest) == line)
                return (line.Target == "/" ? "" : line.Target) + (rest.Length > 0 ? rest : line.Target == "/" ? "/" : "");
        return mount.Target;
    }

    /// <summary>The rest of a path below a folder, from its slash on; null where it is not below it.</summary>
    private static string? Below(string path, string folder)
    {
        if (folder == "/") return path == "/" ? "" : path;
        if (!path.StartsWith(folder, StringComparison.Ordinal)) return null;
        return path.Length == folder.Length ? "" : path[folder.Length] == '/' ? path[folder.Length..] : null;
    }
}
