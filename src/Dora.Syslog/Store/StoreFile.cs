using System.Globalization;

namespace Dora.Syslog.Store;

/// <summary>
/// The name of a file that is not written any more: <c>00000012-20261121T232001Z-20261121T235959Z-1a2b3c4d.log</c>, and <c>.gz</c>
/// when it is compressed. Number, times of the earliest and of the latest line, and how the boot id begins. The number
/// comes first, since clocks jump: by it <c>ls</c> sorts as the lines were written.
/// </summary>
internal readonly record struct StoreFile(long Number, string First, string Last, string Boot, bool IsCompressed)
{
    public const string Current = "current.log";
    public const string Compressed = ".gz";
    public const string Part = ".part";
    public const int BootLength = 8;
    private const int TimeLength = 16, PlainLength = 8 + 1 + TimeLength + 1 + TimeLength + 1 + BootLength + 4;

    public string Plain => $"{Number:D8}-{First}-{Last}-{Boot}.log";

    public string Name => IsCompressed ? Plain + Compressed : Plain;

    public static bool TryParse(string name, out StoreFile file)
    {
        file = default;
        bool isCompressed = name.EndsWith(Compressed, StringComparison.Ordinal);
        if (isCompressed) name = name[..^Compressed.Length];
        if (name.Length != PlainLength || !name.EndsWith(".log", StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(0, 8), NumberStyles.None, CultureInfo.InvariantCulture, out long number)) return false;
        file = new(number, name.Substring(9, TimeLength), name.Substring(10 + TimeLength, TimeLength), name.Substring(11 + 2 * TimeLength, BootLength), isCompressed);
        return file.Name == (isCompressed ? name + Compressed : name) && file.First[15] == 'Z' && file.Last[15] == 'Z';
    }

    /// <summary>The beginning of a line, <c>2026-11-21T23:20:01</c>, as a name has it. They sort as the times do.</summary>
    public static string Compact(ReadOnlySpan<byte> time)
    {
        Span<char> text = stackalloc char[TimeLength];
        int length = 0;
        foreach (byte b in time)
            if (b is not ((byte)'-' or (byte)':') && length < TimeLength - 1) text[length++] = (char)b;
        text[length..].Fill('Z');
        return new string(text);
    }
}
