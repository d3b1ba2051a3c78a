using Dora.Core.Linux;

namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// Zones by name: a file below /usr/share/zoneinfo, UTC, which needs none, or a rule of POSIX. An image without tzdata
/// has the last two.
/// </summary>
internal static class ZoneDirectory
{
    public const string Place = "/usr/share/zoneinfo";

    private const string LocalTime = "/etc/localtime";
    private const string Example = "UTC and rules such as CET-1CEST,M3.5.0,M10.5.0/3 need no file";

    /// <summary>Whether it may be a zone at all; whether there is one is known when it is looked for.</summary>
    public static bool IsPossible(string name, out string reason)
    {
        reason = IsName(name) || PosixZone.Parse(name) is not null ? "" : $"a zone is a name such as Europe/Berlin; {Example}";
        return reason.Length == 0;
    }

    /// <summary>The zone of this name; null, with the cause, if there is none.</summary>
    public static TimeZoneRules? Find(string name, out string problem, string place = Place)
    {
        problem = "";
        if (name is "UTC" or "Etc/UTC" or "GMT" or "Zulu") return TimeZoneRules.Utc;
        if (!IsPossible(name, out problem)) return null;
        if (IsName(name))
        {
            var errno = Read($"{place}/{name}", out var content);
            if (errno == Errno.None) return TimeZoneRules.OfFile(content, out problem);
            if (PosixZone.Parse(name) is null)
            {
                problem = errno != Errno.ENOENT ? errno.Describe()
                    : Sys.Exists(place) ? $"there is no such zone below {place}; {Example}" : $"there are no zones on this machine ({place}, tzdata); {Example}";
                return null;
            }
        }
        return TimeZoneRules.OfPosix(name);
    }

    /// <summary>The zone of the machine: that of TZ, or else of /etc/localtime; UTC where they say nothing that can be used, with the cause if there is one.</summary>
    public static TimeZoneRules Local(out string problem)
    {
        problem = "";
        string? variable = Environment.GetEnvironmentVariable("TZ");
        if (variable is { Length: > 0 })
        {
            var zone = Find(variable.StartsWith(':') ? variable[1..] : variable, out problem);
            if (problem.Length > 0) problem = $"TZ={Printable.Text(variable)}: {problem}";
            return zone ?? TimeZoneRules.Utc;
        }
        if (Read(LocalTime, out var content) != Errno.None) return TimeZoneRules.Utc;
        var local = TimeZoneRules.OfFile(content, out problem);
        if (problem.Length > 0) problem = $"{LocalTime}: {problem}";
        return local ?? TimeZoneRules.Utc;
    }

    private static bool IsName(string name)
    {
        if (name.Length is 0 or > 64 || !char.IsAsciiLetter(name[0]) || name[^1] == '/') return false;
        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '+' or '-') && !(c == '/' && name[i + 1] != '/')) return false;
        }
        return true; // no dot, so no way out of the folder
    }

    private static Errno Read(string path, out ReadOnlySpan<byte> content)
    {
        content = default;
        // O_NONBLOCK: a FIFO must not be waited for.
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out var file);
        if (errno != Errno.None) return errno;
        using (file)
        {
            var buffer = new byte[TimeZoneRules.LargestFile];
            int length = 0;
            while (length < buffer.Length)
            {
                errno = Sys.Read(file, buffer.AsSpan(length), out int count);
                if (errno != Errno.None) return errno;
                if (count == 0) break;
                length += count;
            }
            content = buffer.AsSpan(0, length);
            return Errno.None;
        }
    }
}
