using System.Globalization;

namespace Dora.Init.Storage.Probing;

/// <summary>
/// Numbers as messages about disks have them, as texts: an interpolation of texts alone is one call, with a number in it it is
/// three times the code.
/// </summary>
internal static class Words
{
    private static ReadOnlySpan<byte> Units => "KMGTPE"u8;

    /// <summary><c>446 bytes</c>, <c>64.5 KiB</c>, <c>3.2 MiB</c>, <c>16 TiB</c>: one digit behind the point, none where it is 0.</summary>
    public static string Size(long bytes) => bytes < 1024 ? $"{Number(bytes)} bytes" : Scaled(bytes, Units.Length);

    /// <summary>A place on a disk: <c>byte 446</c>, <c>64.5 KiB</c>, <c>3.2 MiB</c>, <c>131072 MiB</c>.</summary>
    public static string Offset(long bytes) => bytes < 1024 ? $"byte {Number(bytes)}" : Scaled(bytes, 2);

    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{Number(count)} {what}s";

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Scaled(long bytes, int largest)
    {
        int unit = 0;
        long tenths = bytes % 1024 * 10 / 1024;
        for (bytes /= 1024; bytes >= 1024 && unit + 1 < largest; bytes /= 1024, unit++) tenths = bytes % 1024 * 10 / 1024;
        string number = tenths == 0 ? Number(bytes) : $"{Number(bytes)}.{Number(tenths)}";
        return $"{number} {new string((char)Units[unit], 1)}iB";
    }
}
