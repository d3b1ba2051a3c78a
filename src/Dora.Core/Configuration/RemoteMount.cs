namespace Dora.Core.Configuration;

/// <summary>One item of `mounts` in storage.yaml.</summary>
internal sealed class RemoteMount
{
    public string Name { get; set; } = "";

    /// <summary>Where it comes from; meaningless where <see cref="Device"/> is given.</summary>
    public RemoteStorageName Place { get; set; }

    public bool HasPlace { get; set; }

    /// <summary>A disk of this machine, by its path below /dev.</summary>
    public string? Device { get; set; }

    /// <summary>Where it is mounted.</summary>
    public string At { get; set; } = "";

    /// <summary>Of a block device.</summary>
    public string? FileSystem { get; set; }

    /// <summary>As mount(2) takes them, behind our own.</summary>
    public string Options { get; set; } = "";

    public bool IsReadOnly { get; set; }

    public bool IsBlockDevice => Device is not null || Place.IsBlockDevice;

    /// <summary>Its settings as lines of a key and a value: two mounts with the same are the same.</summary>
    public string Text()
    {
        string text = $"{(Device is null ? "place" : "device")}: {this}\nat: {At}\n";
        if (FileSystem is not null) text += $"file-system: {FileSystem}\n";
        if (Options.Length > 0) text += $"options: {Options}\n";
        return IsReadOnly ? text + "read-only: true\n" : text;
    }

    public override string ToString() => Device ?? Place.ToString();
}
