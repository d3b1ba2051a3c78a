using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// Loads every service file of some directories. A file of a later directory takes the place of the file of the same name
/// in an earlier one, wholly; what is to be merged lies in NAME.yaml.d (<see cref="DropInFolders"/>). An empty file, or a link to /dev/null, masks: the
/// service is not there. Whatever else is found under a name (a directory, a dangling link, a FIFO) is one problem of
/// that service and of no other.
/// </summary>
public static class ServiceDirectory
{
    private const int MostFiles = 1024;
    private const uint NullMajor = 1, NullMinor = 3; // devices.txt of the kernel

    /// <summary>Reads <c>*.yaml</c> of the directories; one that does not exist is as good as empty.</summary>
    public static ServiceSet Load(IReadOnlyList<string> directories)
    {
        var set = new ServiceSet();
        var dropIns = new DropInFolders();
        foreach (string directory in directories) LoadOne(directory, set, dropIns);
        dropIns.Apply(set);
        ServiceGraphCheck.Check(set);
        return set;
    }

    /// <summary>As <see cref="Load"/>, with one more file, which may lie anywhere, in the place of one of its name.</summary>
    internal static ServiceSet LoadWith(IReadOnlyList<string> directories, string file)
    {
        var set = new ServiceSet();
        var dropIns = new DropInFolders();
        foreach (string directory in directories) LoadOne(directory, set, dropIns);
        LoadFile(file, set);
        dropIns.Apply(set);
        ServiceGraphCheck.Check(set);
        return set;
    }

    private static void LoadOne(string directory, ServiceSet set, DropInFolders dropIns)
    {
        var errno = Sys.ListDirectory(directory, out var names, MostFiles);
        if (errno == Errno.ENOENT) return;
        if (errno == Errno.ENOBUFS)
            set.General.Add(new Problem(directory, Position.WholeFile, $"more than {MostFiles} files; the others are not read"));
        else if (errno != Errno.None)
            set.General.Add(new Problem(directory, Position.WholeFile, $"cannot be read: {errno.Describe()}"));
        foreach (string name in names)
        {
            if (name.StartsWith('.')) continue; // what editors leave while they write
            string path = directory.EndsWith('/') ? directory + name : directory + "/" + name;
            if (name.EndsWith(ServiceFileReader.Suffix, StringComparison.Ordinal)) LoadFile(path, set);
            else if (name.EndsWith(DropInFolders.Suffix, StringComparison.Ordinal)) dropIns.Add(name[..^DropInFolders.Suffix.Length], path, set);
            else if (name.EndsWith(".yml", StringComparison.Ordinal))
                set.General.Add(new Problem(path, Position.WholeFile, "is not read: its name has to end with .yaml", IsWarning: true));
        }
    }

    private static void LoadFile(string path, ServiceSet set)
    {
        string service = ServiceFileReader.NameOf(path);
        set.Off.Remove(service);
        set.Found.Remove(service);
        set.Shadowed.Remove(service);
        set.Loaded.Remove(service, out var below);

        var content = Read(path, out string? cause);
        if (content is { Length: 0 })
        {
            set.Off.Add(service);
            return;
        }
        var file = content is not null
            ? ServiceFileReader.Read(path, content)
            : new ServiceFile(service, null, [new Problem(path, Position.WholeFile, cause!)]);
        if (file.Settings is not null)
        {
            set.Loaded.Add(service, file.Settings);
            return;
        }
        foreach (var problem in file.Problems) set.AddProblem(service, problem);
        if (below is not null) set.Shadowed.Add(service, below);
    }

    /// <summary>The bytes of the file, none if it masks, or null and the cause.</summary>
    internal static byte[]? Read(string path, out string? cause)
    {
        var errno = Sys.Stat(path, out var status);
        if (errno != Errno.None)
        {
            cause = Describe(path, errno);
            return null;
        }
        cause = null;
        uint type = status.st_mode & Libc.S_IFMT;
        if (type == Libc.S_IFCHR && status.st_rdev == (NullMajor << 8 | NullMinor)) return [];
        if (type != Libc.S_IFREG)
        {
            cause = $"is {Name(type)}, not a file";
            return null;
        }
        // One byte more than is allowed, for the reader to say that it is too large.
        errno = Sys.ReadFile(path, out var content, YamlReader.LargestFile + 1);
        if (errno == Errno.None) return content;
        cause = errno == Errno.EFBIG ? $"larger than {YamlReader.LargestFile / 1024} KiB" : $"cannot be read: {errno.Describe()}";
        return null;
    }

    private static string Describe(string path, Errno errno)
    {
        if (errno == Errno.ENOENT && Sys.ReadLink(path, out string target) == Errno.None)
            return $"is a link to {Printable.Text(target)}, which does not exist";
        return errno == Errno.ELOOP ? "is a link that leads to itself" : $"cannot be read: {errno.Describe()}";
    }

    private static string Name(uint type) => type switch
    {
        Libc.S_IFDIR => "a directory",
        Libc.S_IFIFO => "a FIFO",
        Libc.S_IFSOCK => "a socket",
        Libc.S_IFCHR or Libc.S_IFBLK => "a device",
        _ => "something else",
    };
}
