namespace Dora.Init.Storage.Probing;

/// <summary>Numbers as messages about disks have them.</summary>
internal static class Words
{
    private static ReadOnlySpan<byte> Units => "KMGTPE"u8;

    /// <summary><c>446 bytes</c>, <c>64.5 KiB</c>, <c>3.2 MiB</c>, <c>16 TiB</c>: one digit behind the point, none where it is 0.</summary>
    public static string Size(long bytes) => bytes < 1024 ? $"{bytes} bytes" : Scaled(bytes, Units.Length);

    /// <summary>A place on a disk: <c>byte 446</c>, <c>64.5 KiB</c>, <c>3.2 MiB</c>, <c>131072 MiB</c>.</summary>
    public static string Offset(long bytes) => bytes < 1024 ? $"byte {bytes}" : Scaled(bytes, 2);

    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static string Scaled(long bytes, int largest)
    {
        int unit = 0;
        long tenths = bytes % 1024 * 10 / 1024;
        for (bytes /= 1024; bytes >= 1024 && unit + 1 < largest; bytes /= 1024, unit++) tenths = bytes % 1024 * 10 / 1024;
        return tenths == 0 ? $"{bytes} {(char)Units[unit]}iB" : $"{bytes}.{tenths} {(char)Units[unit]}iB";
    }
}
