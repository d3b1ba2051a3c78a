using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// Reads /etc/dora/storage.yaml: which storage the machine has, where the kernel command line does not say, and what is
/// mounted besides. Strict, as service files are: each problem has its place. A mount with a problem is left out, and the others are used.
/// </summary>
internal sealed class StorageFile
{
    public const string Path = "/etc/dora/storage.yaml";
    private const int MostMounts = 100, LongestOptions = 500;

    private static readonly string[] s_below = ["/data/", "/mnt/", "/srv/"];

    private static readonly IReadOnlyList<SettingKey<StorageFile>> s_keys =
    [
        Setting("storage", "auto, none, a UUID, a serial number or a server", "auto", "Which storage is used.", "pandora.storage"),
        Setting("claim", "empty, never or a serial number", "empty", "Which disk may become the storage.", "pandora.claim"),
        Setting("file-system", "btrfs or ext4", "btrfs", "What a disk that is claimed gets.", "pandora.storage_fs"),
        Setting("key", StorageKeyName.Forms, "", "A disk that is claimed is encrypted; where its key comes from.", "pandora.storage_key"),
        new("mounts", "list of mounts", "", "File systems besides the machine's own storage.", (file, value) =>
        {
            value.Mounts(file._mounts);
            return file;
        }),
    ];

    internal static readonly IReadOnlyList<SettingKey<RemoteMount>> MountKeys =
    [
        Key("name", "word", "required", "What it is called: the service is mount@NAME.", (mount, value) => mount.Name = value.MountName()),
        Key("place", RemoteStorageName.Forms, "", "The server.", (mount, value) =>
        {
            mount.HasPlace = value.RemotePlace(out var place);
            mount.Place = place;
        }),
        Key("device", "path below /dev", "", "A disk of this machine.", (mount, value) => mount.Device = value.MountPath(["/dev/"])),
        Key("at", "path below /data, /mnt or /srv", "required", "Where it is mounted.", (mount, value) => mount.At = value.MountPath(s_below)),
        Key("file-system", "word", "", "What is on a disk, nbd or iscsi: ext4, btrfs, xfs.", (mount, value) => mount.FileSystem = value.MountName()),
        Key("options", "words with commas between", "", "Further options, as mount(8) and the file system have them.", (mount, value) => mount.Options = value.Line(LongestOptions)),
        Key("read-only", "true or false", "false", "Nothing can be written to it.", (mount, value) => mount.IsReadOnly = value.Boolean()),
    ];

    private readonly List<RemoteMount> _mounts = [];
    private readonly List<KernelParameter> _settings = [];

    private StorageFile(IReadOnlyList<Problem> problems) => Problems = problems;

    private StorageFile() : this([]) { }

    public IReadOnlyList<RemoteMount> Mounts => _mounts;

    /// <summary>
    /// Settings as the kernel command line has them. A file with a mistake in it might have forbidden a claim: none is made then.
    /// </summary>
    public IReadOnlyList<KernelParameter> Settings
    {
        get
        {
            if (Problems.Count > 0) _settings.Add(new KernelParameter("pandora.claim", "never")); // the last one counts
            return _settings;
        }
    }

    public IReadOnlyList<Problem> Problems { get; private set; }

    public RemoteMount? Find(string name) => _mounts.Find(mount => mount.Name == name);

    /// <summary>The file of this machine; one that is not there has no mounts.</summary>
    public static StorageFile Load()
    {
        var errno = Sys.ReadFile(Path, out var content);
        return errno switch
        {
            Errno.None => Read(Path, content),
            Errno.ENOENT => new StorageFile(),
            _ => new StorageFile([new Problem(Path, Position.WholeFile, $"cannot be read: {errno.Describe()}")]),
        };
    }

    public static StorageFile Read(string path, ReadOnlySpan<byte> text)
    {
        var file = new StorageFile();
        if (YamlReader.IsBlank(text)) return file; // all has been taken out
        var problems = new ProblemList(path);
        var root = YamlReader.Read(text, problems);
        if (root is YamlMapping mapping) _ = MappingReader.Read(mapping, "", s_keys, file, problems, []);
        else if (root is not null) problems.Add(root.Position, $"expected keys and values, found {root.Kind}");
        file.Problems = problems.InOrder();
        return file;
    }

    /// <summary>One item; null, and said, where it cannot be used.</summary>
    internal static RemoteMount? ReadMount(YamlMapping mapping, string path, List<RemoteMount> others, ProblemList problems)
    {
        int before = problems.Count;
        var start = mapping.Entries.Count > 0 ? mapping.Entries[0].Key.Position : mapping.Position;
        var given = new Dictionary<string, Position>();
        var mount = MappingReader.Read(mapping, path + ".", MountKeys, new RemoteMount(), problems, given);
        if (problems.Count > before) return null;
        if (Contradiction(mount, given, others) is var (key, message) && message is not null)
            problems.Add(key is not null && given.TryGetValue(key, out var position) ? position : start, $"{path}{(key is null ? "" : $".{key}")}: {message}");
        return problems.Count == before ? mount : null;
    }

    private static (string? Key, string? Message) Contradiction(RemoteMount mount, Dictionary<string, Position> given, List<RemoteMount> others)
    {
        if (!given.ContainsKey("name")) return (null, "name: is missing");
        if (!given.ContainsKey("at")) return (null, "at: is missing: where it is to be mounted");
        if (mount.HasPlace == (mount.Device is not null)) return (null, "needs either 'place' (a server) or 'device' (a disk)");
        if (mount.IsBlockDevice && mount.FileSystem is null) return (null, "file-system: is missing: what is on the disk (ext4, btrfs, xfs)");
        if (!mount.IsBlockDevice && mount.FileSystem is not null) return ("file-system", "is for disks, nbd and iscsi; leave it out");
        foreach (var other in others)
        {
            if (other.Name == mount.Name) return ("name", $"'{mount.Name}' is there twice");
            if (mount is { HasPlace: true, IsBlockDevice: true } && other.ToString() == mount.ToString()) return ("place", $"'{other.Name}' is the same disk, which two mounts would destroy");
            if (other.At == mount.At) return ("at", $"'{other.Name}' is mounted at {Printable.Text(mount.At)}, too");
        }
        return others.Count >= MostMounts ? (null, $"there are more than {MostMounts} mounts") : (null, null);
    }

    private static SettingKey<StorageFile> Setting(string name, string form, string @default, string summary, string parameter) =>
        new(name, form, @default, summary, (file, value) =>
        {
            file._settings.Add(new KernelParameter(parameter, value.Line(LongestOptions)));
            return file;
        });

    private static SettingKey<RemoteMount> Key(string name, string form, string @default, string summary, Action<RemoteMount, SettingValue> apply) =>
        new(name, form, @default, summary, (mount, value) =>
        {
            apply(mount, value);
            return mount;
        });
}
