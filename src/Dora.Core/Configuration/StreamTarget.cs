namespace Dora.Core.Configuration;

internal enum StreamKind
{
    /// <summary>/dev/null.</summary>
    None,

    /// <summary>The log of the machine.</summary>
    Log,

    /// <summary>The service's terminal.</summary>
    Terminal,

    /// <summary>A file: read, or appended to.</summary>
    File,

    /// <summary>A file that is emptied at each start.</summary>
    EmptiedFile,
}

/// <summary>Where stdin comes from or stdout and stderr go to.</summary>
internal sealed class StreamTarget(StreamKind kind, string path = "")
{
    public StreamKind Kind { get; } = kind;
    public string Path { get; } = path;

    public bool IsFile => Kind is StreamKind.File or StreamKind.EmptiedFile;

    public StreamTarget WithPath(Func<string, string> replace) => IsFile ? new StreamTarget(Kind, replace(Path)) : this;
}
