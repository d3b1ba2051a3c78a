using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// /lib/modules/RELEASE as depmod(8) leaves it, asked by passes over its files: nothing of them stays in memory. One
/// pass answers for all names or aliases of a batch, so a cold plug reads each file a few times, not once a device.
/// </summary>
internal sealed class ModuleDirectory(string path)
{
    public string Path => path;

    /// <summary>The running kernel's.</summary>
    public static ModuleDirectory OfThisKernel() =>
        new($"/lib/modules/{(Sys.ReadText("/proc/sys/kernel/osrelease") ?? "unknown").Trim()}");

    public bool Exists => Sys.Exists(path);

    /// <summary>modules.alias: the modules (normal names) that say they serve one of <paramref name="modaliases"/>.</summary>
    public List<string> FindByAlias(IReadOnlyList<byte[]> modaliases)
    {
        var found = new List<string>();
        if (modaliases.Count == 0 || LineReader.Open($"{path}/modules.alias", out var lines) != Errno.None) return found;
        using (lines)
        {
            while (lines.Next(out var line))
            {
                if (!TryReadAlias(line, out var pattern, out var module)) continue;
                for (int i = 0; i < modaliases.Count; i++)
                {
                    if (!Wildcard.IsMatch(pattern, modaliases[i])) continue;
                    string name = ModuleName.Normalize(Encoding.UTF8.GetString(module));
                    if (!found.Contains(name)) found.Add(name);
                    break;
                }
            }
        }
        return found;
    }

    /// <summary>One line of modules.alias: <c>alias PATTERN MODULE</c>.</summary>
    internal static bool TryReadAlias(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> pattern, out ReadOnlySpan<byte> module)
    {
        pattern = module = default;
        if (!line.StartsWith("alias "u8)) return false;
        line = line["alias "u8.Length..].Trim((byte)' ');
        // Patterns of USB strings and the like hold blanks: the module is the last word.
        int blank = line.LastIndexOf((byte)' ');
        if (blank <= 0) return false;
        pattern = line[..blank].TrimEnd((byte)' ');
        module = line[(blank + 1)..];
        return true;
    }

    /// <summary>
    /// modules.dep: files to load for each of <paramref name="names"/>, in the order to load them (depmod writes all
    /// dependencies of a module behind it, the deepest one last). A module that is not there has no entry.
    /// </summary>
    public Dictionary<string, List<string>> FindFiles(IReadOnlyCollection<string> names)
    {
        var found = new Dictionary<string, List<string>>();
        if (names.Count == 0 || LineReader.Open($"{path}/modules.dep", out var lines) != Errno.None) return found;
        using (lines)
        {
            while (found.Count < names.Count && lines.Next(out var line))
            {
                int colon = line.IndexOf((byte)':');
                if (colon <= 0) continue;
                foreach (string name in names)
                {
                    if (!ModuleName.IsOfPath(line[..colon], name)) continue;
                    found[name] = ReadDependencies(line, colon);
                    break;
                }
            }
        }
        return found;
    }

    /// <summary>One line of modules.dep: <c>FILE: DEPENDENCY...</c>, turned into the order of loading.</summary>
    internal static List<string> ReadDependencies(ReadOnlySpan<byte> line, int colon)
    {
        var files = new List<string> { Encoding.UTF8.GetString(line[..colon]) };
        foreach (var range in line[(colon + 1)..].Split((byte)' '))
        {
            var word = line[(colon + 1)..][range];
            if (!word.IsEmpty) files.Add(Encoding.UTF8.GetString(word));
        }
        files.Reverse();
        return files;
    }

    /// <summary>modules.softdep: what a module wants to have loaded before it and after it.</summary>
    public List<SoftDependency> FindSoftDependencies(IReadOnlyCollection<string> names)
    {
        var found = new List<SoftDependency>();
        if (names.Count == 0 || LineReader.Open($"{path}/modules.softdep", out var lines) != Errno.None) return found;
        using (lines)
        {
            while (lines.Next(out var line))
                if (SoftDependency.TryRead(line, out var dependency) && names.Contains(dependency.Module)) found.Add(dependency);
        }
        return found;
    }

    /// <summary>modules.builtin: part of the kernel itself, nothing to load.</summary>
    public bool IsBuiltIn(string name)
    {
        if (LineReader.Open($"{path}/modules.builtin", out var lines) != Errno.None) return false;
        using (lines)
        {
            while (lines.Next(out var line))
                if (ModuleName.IsOfPath(line, name)) return true;
        }
        return false;
    }
}
