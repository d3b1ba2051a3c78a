namespace Dora.Core.Configuration;

/// <summary>What <c>pandora.root=</c> names: the file system that holds the root image.</summary>
internal readonly record struct BootMediumName(BootMediumNameKind Kind, string Value)
{
    public static readonly BootMediumName Default = new(BootMediumNameKind.Label, "PANDORA");

    /// <summary><c>LABEL=...</c>, <c>UUID=...</c> or <c>/dev/...</c>.</summary>
    public static bool TryParse(string text, out BootMediumName name)
    {
        name = Default;
        if (text.Length > 255 || text.Contains('\0')) return false;
        if (text.StartsWith("LABEL=", StringComparison.Ordinal)) name = new(BootMediumNameKind.Label, text[6..]);
        else if (text.StartsWith("UUID=", StringComparison.Ordinal)) name = new(BootMediumNameKind.Uuid, text[5..]);
        else if (text.StartsWith("/dev/", StringComparison.Ordinal)) name = new(BootMediumNameKind.Device, text[5..]);
        else return false;
        bool isMeant = name.Value.Length > 0 && !(name.Kind == BootMediumNameKind.Device && name.Value.Contains('/'));
        if (!isMeant) name = Default;
        return isMeant;
    }

    public override string ToString() => Kind switch
    {
        BootMediumNameKind.Label => $"LABEL={Value}",
        BootMediumNameKind.Uuid => $"UUID={Value}",
        BootMediumNameKind.Device => $"/dev/{Value}",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>How a boot medium is named.</summary>
internal enum BootMediumNameKind
{
    Label,
    Uuid,

    /// <summary>The kernel's name below /dev.</summary>
    Device,
}
