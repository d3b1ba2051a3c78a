using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// What the kernel command line asks of Pandora; docs/boot.md has a line for each key. Nothing on it is ever fatal: a
/// key that does not exist or a value that makes no sense is a line in <see cref="Problems"/>, and boot goes on with
/// the default. Keys that are not ours (the kernel's, other programs') are left alone.
/// </summary>
internal sealed class KernelCommandLine
{
    private const string Prefix = "pandora.";
    private const int MostProblems = 20;

    private static readonly string[] s_keys =
    [
        "pandora.root", "pandora.rootfs", "pandora.build", "pandora.layers", "pandora.copytoram", "pandora.hostname", "pandora.ssh_key", "pandora.mask",
        "pandora.rescue", "pandora.debug", "pandora.root_timeout", "pandora.watchdog",
        "pandora.storage", "pandora.storage_fs", "pandora.storage_key", "pandora.storage_timeout", "pandora.claim",
    ];

    private readonly List<string> _problems = [];
    private readonly List<string> _sshKeys = [], _masked = [], _consoles = [], _blacklist = [];
    private readonly List<KernelParameter> _parameters;
    private string _origin = "kernel command line";
    private bool _isKeyWrong;

    /// <summary>The file system that the root image lies on; <c>pandora.root</c>.</summary>
    public BootMediumName Root { get; private set; } = BootMediumName.Default;

    /// <summary>Path of the root image on it, or null for the usual ones; <c>pandora.rootfs</c>.</summary>
    public string? RootImage { get; private set; }

    /// <summary>The build that the boot medium must be of, or null for any; <c>pandora.build</c>.</summary>
    public string? Build { get; private set; }

    /// <summary>The layers to stack upon the root image, or null for all that are there; <c>pandora.layers</c>.</summary>
    public IReadOnlyList<string>? Layers { get; private set; }

    /// <summary>How long to look for it; <c>pandora.root_timeout</c>.</summary>
    public TimeSpan RootTimeout { get; private set; } = TimeSpan.FromSeconds(30);

    public bool CopyToRam { get; private set; }
    public bool Rescue { get; private set; }
    public bool Debug { get; private set; }
    public bool Quiet { get; private set; }

    /// <summary><c>single</c>, <c>S</c>, <c>s</c> or <c>1</c>: no services but the console.</summary>
    public bool Single { get; private set; }

    public string? HostName { get; private set; }

    /// <summary><c>pandora.storage</c>.</summary>
    public StorageWish Storage { get; private set; } = StorageWish.Auto;

    /// <summary><c>pandora.claim</c>.</summary>
    public ClaimPolicy Claim
    {
        get => _isKeyWrong ? ClaimPolicy.Never : field;
        private set;
    } = ClaimPolicy.Empty;

    /// <summary>What a claimed disk gets: btrfs or ext4; <c>pandora.storage_fs</c>.</summary>
    public string StorageFileSystem { get; private set; } = "btrfs";

    /// <summary>Where the key of an encrypted storage comes from; null: nothing is encrypted that is claimed; <c>pandora.storage_key</c>.</summary>
    public StorageKeyName? StorageKey { get; private set; }

    /// <summary>How long boot waits for storage; <c>pandora.storage_timeout</c>.</summary>
    public TimeSpan StorageTimeout { get; private set; } = TimeSpan.FromSeconds(30);

    /// <summary><c>panic=</c>: seconds until the machine restarts after a dead end; 0 waits for ever, below 0 not at all.</summary>
    public int PanicSeconds { get; private set; }

    public IReadOnlyList<string> SshKeys => _sshKeys;

    /// <summary>Services that must not start; <c>pandora.mask</c>.</summary>
    public IReadOnlyList<string> Masked => _masked;

    /// <summary>Values of <c>console=</c>, in their order; the last one is /dev/console.</summary>
    public IReadOnlyList<string> Consoles => _consoles;

    /// <summary>Modules that no device may pull in; <c>modprobe.blacklist</c>.</summary>
    public IReadOnlyList<string> ModuleBlacklist => _blacklist;

    /// <summary>What was not understood, one line each, ready to be logged.</summary>
    public IReadOnlyList<string> Problems => _problems;

    private KernelCommandLine(List<KernelParameter> parameters)
    {
        _parameters = parameters;
        foreach (var parameter in parameters) Take(parameter);
    }

    public static KernelCommandLine Parse(string text) => new(KernelParameter.Split(text));

    /// <summary>The running kernel's, from /proc/cmdline; an empty one where that cannot be read.</summary>
    public static KernelCommandLine Read() => Parse(Sys.ReadText("/proc/cmdline") ?? "");

    /// <summary>The same with the settings of a file for the keys that are not given.</summary>
    public KernelCommandLine Complete(StorageFile file)
    {
        _origin = StorageFile.Path;
        foreach (var problem in file.Problems) Add(problem.ToString());
        foreach (var setting in file.Settings)
        {
            bool isGiven = false;
            foreach (var parameter in _parameters) isGiven |= parameter.IsNamed(setting.Key);
            if (!isGiven) Take(setting);
        }
        return this;
    }

    /// <summary>Options for a module, as modprobe takes them from the command line: <c>module.option=value</c>.</summary>
    public string ModuleParameters(string module)
    {
        string result = "";
        foreach (var (key, value) in _parameters)
        {
            int dot = key.IndexOf('.');
            if (dot <= 0 || !new KernelParameter(key[..dot], null).IsNamed(module)) continue;
            string word = value is null ? key[(dot + 1)..]
                : value.Contains(' ') ? $"{key[(dot + 1)..]}=\"{value}\"" : $"{key[(dot + 1)..]}={value}";
            result = result.Length == 0 ? word : $"{result} {word}";
        }
        return result;
    }

    private void Take(KernelParameter parameter)
    {
        string value = parameter.Value ?? "";
        switch (parameter.Key)
        {
            case "quiet": Quiet = true; return;
            case "single" or "S" or "s" or "1" when parameter.Value is null: Single = true; return;
            case "console": if (value.Length > 0) _consoles.Add(value); return;
            case "panic": TakePanic(value); return;
        }
        if (parameter.IsNamed("modprobe.blacklist") || parameter.IsNamed("module_blacklist")) AddList(_blacklist, value);
        else if (parameter.Key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) TakeOurs(parameter, value);
    }

    private void TakeOurs(KernelParameter parameter, string value)
    {
        string key = parameter.Key.Replace('-', '_');
        switch (key)
        {
            case "pandora.root":
                if (BootMediumName.TryParse(value, out var root)) Root = root;
                else Report(key, value, $"must be LABEL=..., UUID=... or /dev/...; using {Root}");
                return;
            case "pandora.rootfs":
                if (IsImagePath(value)) RootImage = "/" + value.TrimStart('/');
                else Report(key, value, "must be a path on the boot medium; using the usual ones");
                return;
            case "pandora.build":
                if (IsName(value)) Build = value;
                else Report(key, value, "must be what pandora/build on the boot medium says; any medium will do");
                return;
            case "pandora.layers":
                if (IsName(value)) Layers = value == "none" ? [] : value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                else Report(key, value, "must be names of layers with commas between, or none; using all that are there");
                return;
            case "pandora.copytoram": CopyToRam = TakeSwitch(parameter, CopyToRam); return;
            case "pandora.rescue": Rescue = TakeSwitch(parameter, Rescue); return;
            case "pandora.debug": Debug = TakeSwitch(parameter, Debug); return;
            case "pandora.hostname":
                if (IsHostName(value)) HostName = value;
                else Report(key, value, "must be letters, digits, '-' and '.', at most 63; not used");
                return;
            case "pandora.ssh_key":
                if (value.Trim().Length > 0) _sshKeys.Add(value.Trim());
                else Report(key, value, "must be a public key in quotes: pandora.ssh_key=\"ssh-ed25519 AAAA...\"; not used");
                return;
            case "pandora.mask":
                if (value.Trim(',').Length > 0) AddList(_masked, value);
                else Report(key, value, "must be names of services with commas between; nothing is masked by it");
                return;
            case "pandora.root_timeout": RootTimeout = TakeSeconds(key, value, RootTimeout); return;
            case "pandora.storage_timeout": StorageTimeout = TakeSeconds(key, value, StorageTimeout); return;
            case "pandora.storage":
                if (RemoteStorageName.IsMeant(value))
                {
                    if (RemoteStorageName.TryParse(value, out var place, out string problem)) Storage = new StorageWish(place.ToString());
                    else
                    {
                        // Never a disk of this machine in its place, which might be claimed.
                        Storage = new StorageWish("none");
                        Report(key, value, $"{problem}; using none");
                    }
                }
                else if (IsName(value)) Storage = new StorageWish(value);
                else Report(key, value, "must be auto, none, the UUID of a storage, the serial number of a disk or a server; using auto");
                return;
            case "pandora.claim":
                // A mistake here must not end in a claim that nobody wanted.
                Claim = new ClaimPolicy(IsName(value) ? value : "never");
                if (!IsName(value)) Report(key, value, "must be empty, never, or the serial number of a disk; using never");
                return;
            case "pandora.storage_fs":
                if (value is "btrfs" or "ext4") StorageFileSystem = value;
                else Report(key, value, $"must be btrfs or ext4; using {StorageFileSystem}");
                return;
            case "pandora.storage_key":
                if (StorageKeyName.Parse(value) is { } name) StorageKey = name;
                else
                {
                    // Nothing is claimed then: it would not be encrypted, though somebody wants that.
                    _isKeyWrong = true;
                    Report(key, value, $"must be {StorageKeyName.Forms}; no disk is claimed");
                }
                return;
            case "pandora.watchdog":
                return; // PID 1 reads it itself, before anything else (Guard/Watchdog.cs)
            default:
                Add($"kernel command line: {Printable.Text(parameter.Key)}: unknown key{Suggestion.For(key, s_keys)}");
                return;
        }
    }

    private TimeSpan TakeSeconds(string key, string value, TimeSpan unchanged)
    {
        if (int.TryParse(value, System.Globalization.NumberStyles.None, null, out int seconds) && seconds is >= 1 and <= 3600) return TimeSpan.FromSeconds(seconds);
        Report(key, value, $"must be seconds from 1 to 3600; using {unchanged.TotalSeconds}");
        return unchanged;
    }

    /// <summary>A word without control characters: serial numbers may hold any other.</summary>
    private static bool IsName(string value)
    {
        foreach (char c in value)
            if (char.IsControl(c)) return false;
        return value.Trim().Length == value.Length && value.Length is > 0 and <= 128;
    }

    private void TakePanic(string value)
    {
        if (int.TryParse(value, System.Globalization.NumberStyles.AllowLeadingSign, null, out int seconds)) PanicSeconds = seconds;
        else Report("panic", value, "must be a number of seconds; waiting for ever");
    }

    private bool TakeSwitch(KernelParameter parameter, bool unchanged)
    {
        switch (parameter.Value)
        {
            case null or "1" or "yes" or "on" or "true" or "y": return true;
            case "0" or "no" or "off" or "false" or "n": return false;
            default:
                Report(parameter.Key, parameter.Value, $"must be yes or no; using {(unchanged ? "yes" : "no")}");
                return unchanged;
        }
    }

    private static void AddList(List<string> list, string value)
    {
        foreach (string name in value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (!list.Contains(name)) list.Add(name);
    }

    private static bool IsImagePath(string value)
    {
        if (value.Length is 0 or > 1024 || value.TrimStart('/').Length == 0 || value.Contains('\0')) return false;
        foreach (string part in value.Split('/'))
            if (part == "..") return false;
        return true;
    }

    /// <summary>hostname(7), without a leading or trailing hyphen or dot.</summary>
    public static bool IsHostName(string value)
    {
        if (value.Length is 0 or > 63 || value[0] is '-' or '.' || value[^1] is '-' or '.') return false;
        foreach (char c in value)
            if (!char.IsAsciiLetterOrDigit(c) && c is not '-' and not '.') return false;
        return true;
    }

    private void Report(string key, string value, string what) =>
        Add($"{_origin}: {key}={Printable.Text(value)}: {what}");

    // A command line of garbage must not fill the console.
    private void Add(string problem)
    {
        if (_problems.Count < MostProblems) _problems.Add(problem);
    }
}
