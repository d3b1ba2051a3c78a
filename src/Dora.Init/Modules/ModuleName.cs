using System.Text;

namespace Dora.Init.Modules;

/// <summary>Names of modules: <c>snd-pcm</c> and <c>snd_pcm</c> are one, and files add a folder and an ending.</summary>
internal static class ModuleName
{
    /// <summary>
    /// The character sets of FAT's names, which the kernel would ask a modprobe for when it mounts: the code page, and as its
    /// configuration says (FAT_DEFAULT_IOCHARSET) one of the others: ascii with Debian's, utf8 with Alpine's.
    /// </summary>
    public static readonly IReadOnlyList<string> ForVfat = ["nls_cp437", "nls_ascii", "nls_iso8859_1", "nls_utf8"];

    public static string Normalize(string name) => name.Replace('-', '_');

    /// <summary><c>kernel/drivers/block/virtio-blk.ko.zst</c> is <c>virtio_blk</c>.</summary>
    public static string OfPath(ReadOnlySpan<byte> path) => Normalize(Encoding.UTF8.GetString(FileName(path)));

    /// <summary>Whether the file of that path is the module of that (normal) name; allocates nothing.</summary>
    public static bool IsOfPath(ReadOnlySpan<byte> path, string name)
    {
        var file = FileName(path);
        if (file.Length != name.Length) return false;
        for (int i = 0; i < name.Length; i++)
            if ((file[i] == '-' ? '_' : (char)file[i]) != name[i]) return false;
        return true;
    }

    private static ReadOnlySpan<byte> FileName(ReadOnlySpan<byte> path)
    {
        path = path[(path.LastIndexOf((byte)'/') + 1)..];
        int ending = path.IndexOf(".ko"u8);
        return ending < 0 ? path : path[..ending];
    }
}
