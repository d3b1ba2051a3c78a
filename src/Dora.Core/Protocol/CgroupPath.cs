using Dora.Core.Linux;

namespace Dora.Core.Protocol;

/// <summary>From a process to the service it belongs to, by its cgroup.</summary>
internal static class CgroupPath
{
    /// <summary>Copies the service's name of <paramref name="pid"/>; 0 where it has none, is gone, or may not be looked at.</summary>
    public static int ServiceOf(int pid, Span<byte> name)
    {
        if (pid <= 0) return 0;
        Span<byte> content = stackalloc byte[2048];
        if (Sys.ReadCgroup(pid, content, out int count) != Errno.None) return 0;
        var service = Parse(content[..count]);
        if (service.Length > name.Length) return 0;
        service.CopyTo(name);
        return service.Length;
    }

    /// <summary>
    /// The part of the path in the unified hierarchy (<c>0::/dora/services/web/worker</c>) that names a thing we run:
    /// <c>web</c>. Empty where there is none.
    /// </summary>
    public static ReadOnlySpan<byte> Parse(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            int newline = content.IndexOf((byte)'\n');
            var line = newline < 0 ? content : content[..newline];
            content = newline < 0 ? default : content[(newline + 1)..];
            // The group of one that has ended may be removed before he is asked about.
            if (line.EndsWith(" (deleted)"u8)) line = line[..^10];
            if (line.StartsWith("0::/"u8)) return NameIn(line[3..]);
        }
        return default;
    }

    private static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> path)
    {
        while (path.Length > 1)
        {
            path = path[1..];
            var folder = FirstPart(path);
            bool isOurs = folder.SequenceEqual("services"u8) || folder.SequenceEqual("sessions"u8)
                || folder.SequenceEqual("jobs"u8) || folder.SequenceEqual("chroots"u8) || folder.SequenceEqual("vms"u8);
            bool isSlice = folder.SequenceEqual("slices"u8); // slices/GROUP/NAME
            path = path[folder.Length..];
            if (isSlice && path.Length > 1) path = path[(1 + FirstPart(path[1..]).Length)..];
            if (isOurs || isSlice) return path.Length > 1 ? FirstPart(path[1..]) : default;
        }
        return default;
    }

    private static ReadOnlySpan<byte> FirstPart(ReadOnlySpan<byte> path)
    {
        int slash = path.IndexOf((byte)'/');
        return slash < 0 ? path : path[..slash];
    }
}
