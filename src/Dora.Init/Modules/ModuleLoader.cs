using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// Loads modules with what they depend on, each file once, in a process that has no modprobe: by name because some
/// stage cannot go on without one, or by alias because a device is there.
///
/// Rules
/// - Loaded already (EEXIST) is as good as loaded now. Built in is as good as loaded.
/// - A module wanted by name that is nowhere is reported with who wanted it. One that a device would like is not:
///   the initramfs holds few of them on purpose.
/// - A device's driver may say ENODEV ("not my hardware after all"): silent. The blacklist holds for devices only, as
///   modprobe's does; a stage that names a module means it.
/// - Soft dependencies are tried and never missed.
/// - A failed file is not tried again by the same loader, so a storm of events costs nothing.
/// </summary>
internal sealed class ModuleLoader(ModuleDirectory directory, KernelCommandLine commandLine)
{
    private readonly Dictionary<string, bool> _files = []; // by path below the directory: whether it is in the kernel
    private readonly HashSet<string> _done = []; // names
    private readonly HashSet<string> _softened = []; // names whose soft dependencies have had their turn: they may form circles
    private readonly HashSet<string> _blacklist = [.. Normalized(commandLine.ModuleBlacklist)];

    /// <summary>How many modules this loader has put into the kernel.</summary>
    public int Loaded { get; private set; }

    /// <summary>Puts a file of the directory into the kernel. Tests put their own in its place.</summary>
    public Func<string, string, Errno> Insert { get; init; } = (path, parameters) => InsertFile($"{directory.Path}/{path}", parameters);

    public Action<string> Warn { get; init; } = Log.Warn;

    /// <summary>Told before each file that is put into the kernel, which can take long.</summary>
    public Action? Inserting { get; set; }

    /// <summary>Loads a module that <paramref name="wantedBy"/> cannot do without; false, and said, when it cannot be had.</summary>
    public bool Load(string name, string wantedBy)
    {
        name = ModuleName.Normalize(name);
        LoadSoftly([name]);
        if (_done.Contains(name)) return true;
        if (directory.FindFiles([name]).Count > 0) return false; // said by LoadFile
        if (directory.IsBuiltIn(name)) return true;
        Warn(directory.Exists
            ? $"module {name}: not in {directory.Path} (wanted by {wantedBy})"
            : $"module {name}: there is no {directory.Path} (wanted by {wantedBy}): the modules are of another kernel than the one that runs");
        return false;
    }

    /// <summary>Loads the drivers of devices that say these modaliases. Gives how many modules came in.</summary>
    public int LoadForDevices(IReadOnlyList<byte[]> modaliases)
    {
        int before = Loaded;
        var names = directory.FindByAlias(modaliases);
        names.RemoveAll(name => _done.Contains(name) || _blacklist.Contains(name));
        LoadSoftly(names);
        return Loaded - before;
    }

    /// <summary>Loads those of <paramref name="names"/> that can be, with soft dependencies around them and around what they need.</summary>
    public void LoadSoftly(List<string> names)
    {
        if (names.Count == 0) return;
        var filesOf = directory.FindFiles(names);
        var soft = directory.FindSoftDependencies(NotSoftened(filesOf.Values));
        foreach (var dependency in soft) LoadSoftly(Missing(dependency.Before));
        foreach (string name in names)
            if (filesOf.TryGetValue(name, out var files) && LoadFiles(files)) _done.Add(name);
        foreach (var dependency in soft) LoadSoftly(Missing(dependency.After));
    }

    private List<string> NotSoftened(IEnumerable<List<string>> fileLists)
    {
        var names = new List<string>();
        foreach (var files in fileLists)
            foreach (string file in files)
                if (ModuleName.OfPath(System.Text.Encoding.UTF8.GetBytes(file)) is var name && _softened.Add(name)) names.Add(name);
        return names;
    }

    private List<string> Missing(IReadOnlyList<string> names)
    {
        var missing = new List<string>();
        foreach (string name in names)
            if (!_done.Contains(name)) missing.Add(name);
        return missing;
    }

    private bool LoadFiles(List<string> files)
    {
        foreach (string file in files)
            if (!LoadFile(file)) return false;
        return true;
    }

    private bool LoadFile(string file)
    {
        if (_files.TryGetValue(file, out bool isLoaded)) return isLoaded;
        string name = ModuleName.OfPath(System.Text.Encoding.UTF8.GetBytes(file));
        Inserting?.Invoke();
        var errno = Insert(file, commandLine.ModuleParameters(name));
        isLoaded = errno is Errno.None or Errno.EEXIST;
        _files[file] = isLoaded;
        if (errno == Errno.None)
        {
            Loaded++;
            Log.Debug($"module {name}: loaded");
        }
        else if (!isLoaded && errno != Errno.ENODEV) Warn($"module {name}: load {directory.Path}/{file}: {Explain(file, errno)}");
        return isLoaded;
    }

    private static string Explain(string file, Errno errno) => errno switch
    {
        Errno.EOPNOTSUPP or Errno.EINVAL when IsCompressed(file) =>
            $"{errno.Describe()}: this kernel cannot unpack modules itself (CONFIG_MODULE_DECOMPRESS): put the file there unpacked",
        Errno.ENOEXEC => $"{errno.Describe()}: it was built for another kernel, or is damaged",
        Errno.ENOENT => $"{errno.Describe()}: the file, or a symbol that it needs, is not there",
        Errno.EKEYREJECTED => $"{errno.Describe()}: its signature is not one that this kernel trusts",
        _ => errno.Describe(),
    };

    private static bool IsCompressed(string file) => !file.EndsWith(".ko", StringComparison.Ordinal);

    private static Errno InsertFile(string path, string parameters)
    {
        // The kernel would read the whole file before it says so; the initramfs has loaded some of them already. One that
        // somebody else is just inserting ("coming") is no use yet: the kernel waits for it.
        if (Sys.ReadText($"/sys/module/{ModuleName.OfPath(System.Text.Encoding.UTF8.GetBytes(path))}/initstate") == "live\n") return Errno.EEXIST;
        var errno = Sys.Open(path, Libc.O_RDONLY, 0, out var file);
        if (errno != Errno.None) return errno;
        using (file) return Sys.LoadModule(file, parameters, IsCompressed(path) ? Libc.MODULE_INIT_COMPRESSED_FILE : 0);
    }

    private static IEnumerable<string> Normalized(IEnumerable<string> names)
    {
        foreach (string name in names) yield return ModuleName.Normalize(name);
    }
}
