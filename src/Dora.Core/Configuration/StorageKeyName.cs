namespace Dora.Core.Configuration;

/// <summary>
/// Where the key of an encrypted storage comes from; <c>pandora.storage_key</c>: <c>console</c>, where somebody types it, or a file on another
/// device, <c>LABEL=NAME:/PATH</c> or <c>UUID=ID:/PATH</c>. A storage that is claimed is encrypted when it is given.
/// </summary>
internal sealed class StorageKeyName
{
    public const string Forms = "console, LABEL=NAME:/PATH or UUID=ID:/PATH";
    private const int LongestDevice = 64, LongestPath = 256;

    private StorageKeyName(string device, string path) => (Device, Path) = (device, path);

    /// <summary>LABEL=NAME or UUID=ID of the file system, as in mount(8); empty for the console.</summary>
    public string Device { get; }

    /// <summary>The file on it, absolute.</summary>
    public string Path { get; }

    public bool IsConsole => Device.Length == 0;

    /// <summary>Null where it is none of <see cref="Forms"/>.</summary>
    public static StorageKeyName? Parse(string text)
    {
        if (text == "console") return new StorageKeyName("", "");
        int split = text.IndexOf(":/", StringComparison.Ordinal);
        if (split < 0) return null;
        string device = text[..split], path = text[(split + 1)..];
        int mark = device.IndexOf('=');
        if (mark < 0 || device[..mark] is not ("LABEL" or "UUID") || mark + 1 == device.Length || device.Length > LongestDevice) return null;
        if (path.Length is < 2 or > LongestPath || path[^1] == '/') return null;
        foreach (char c in text)
            if (char.IsControl(c)) return null;
        foreach (string part in path.Split('/'))
            if (part == "..") return null;
        return new StorageKeyName(device, path);
    }

    public override string ToString() => IsConsole ? "console" : $"{Device}:{Path}";
}
