namespace Dora.Core.Configuration.Reload;

/// <summary>What has become of the files of a service.</summary>
internal enum ReloadKind
{
    /// <summary>There was no such service.</summary>
    Added,

    /// <summary>Its file is gone, or masks it.</summary>
    Removed,

    /// <summary>It says something else.</summary>
    Changed,

    /// <summary>The template has become a service, the service a template, or its instances come from elsewhere.</summary>
    Replaced,

    /// <summary>It cannot be used: what was read before stays in use.</summary>
    Refused,

    /// <summary>It cannot be used, and neither could what was there before.</summary>
    Unusable,

    /// <summary>What was wrong with its files is mended, or gone with them; what is in use stays as it is.</summary>
    Cleared,

    /// <summary>It could be used, and is not for now: <see cref="ReloadItem.Why"/>.</summary>
    Held,
}

/// <summary>One service in a reload.</summary>
/// <param name="Name">The service, or the template.</param>
/// <param name="Kind">What has become of it.</param>
internal sealed record ReloadItem(string Name, ReloadKind Kind)
{
    /// <summary>The settings that are in use; null if there are none.</summary>
    public ServiceSettings? Before { get; init; }

    /// <summary>The settings that are to be used; null if there are none.</summary>
    public ServiceSettings? After { get; init; }

    public IReadOnlyList<KeyChange> Changes { get; init; } = [];

    /// <summary>What is wrong with it, for those that are refused or unusable.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>Whether what runs has to be started again for the change to take effect.</summary>
    public bool NeedsRestart { get; init; }

    /// <summary>Why it is held.</summary>
    public string? Why { get; init; }
}
