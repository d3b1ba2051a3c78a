using System.Buffers.Binary;
using System.Text;

namespace Dora.Init.Boot;

/// <summary>What the beginning of a device says about the file system on it: pure, and wary of every byte.</summary>
internal readonly record struct FileSystemProbe(string Type, string Label, string Uuid)
{
    /// <summary>How much of a device has to be read: up to the end of btrfs's superblock.</summary>
    public const int BytesNeeded = 0x10000 + 4096;

    public static readonly FileSystemProbe Unknown = new("", "", "");

    public static FileSystemProbe Identify(ReadOnlySpan<byte> head)
    {
        if (TryIso9660(head, out var found)) return found;
        if (TryBtrfs(head, out found)) return found;
        if (TryExt(head, out found)) return found;
        if (TrySquashfs(head, out found)) return found;
        if (TryVfat(head, out found)) return found;
        return Unknown;
    }

    public string Describe() =>
        Type.Length == 0 ? "no file system that is known here" : Label.Length > 0 ? $"{Type}, label {Label}" : $"{Type}, no label";

    // ECMA-119 8.4: the primary volume descriptor lies in sector 16.
    private static bool TryIso9660(ReadOnlySpan<byte> head, out FileSystemProbe found)
    {
        found = default;
        if (!TrySlice(head, 0x8000, 2048, out var descriptor) || descriptor[0] != 1 || !descriptor.Slice(1, 5).SequenceEqual("CD001"u8))
            return false;
        // The UUID that everybody shows for an ISO is its time of change: 2026-11-21-04-30-00-00.
        var time = descriptor.Slice(830, 16);
        if (Text(time, 16).Length != 16) time = descriptor.Slice(813, 16);
        string digits = Text(time, 16);
        string uuid = digits.Length == 16
            ? $"{digits[..4]}-{digits[4..6]}-{digits[6..8]}-{digits[8..10]}-{digits[10..12]}-{digits[12..14]}-{digits[14..]}" : "";
        found = new("iso9660", Text(descriptor.Slice(40, 32), 32), uuid);
        return true;
    }

    private static bool TryExt(ReadOnlySpan<byte> head, out FileSystemProbe found)
    {
        found = default;
        if (!TrySlice(head, 1024, 1024, out var super) || super[0x38] != 0x53 || super[0x39] != 0xEF) return false;
        uint incompatible = BinaryPrimitives.ReadUInt32LittleEndian(super[0x60..]);
        // A journal device (bit 3) has the same magic and no files.
        if ((incompatible & 8) != 0) return false;
        found = new("ext4", Text(super.Slice(0x78, 16), 16), FormatUuid(super.Slice(0x68, 16)));
        return true;
    }

    private static bool TryBtrfs(ReadOnlySpan<byte> head, out FileSystemProbe found)
    {
        found = default;
        if (!TrySlice(head, 0x10000, 4096, out var super) || !super.Slice(0x40, 8).SequenceEqual("_BHRfS_M"u8)) return false;
        found = new("btrfs", Text(super.Slice(0x12B, 256), 255), FormatUuid(super.Slice(0x20, 16)));
        return true;
    }

    private static bool TrySquashfs(ReadOnlySpan<byte> head, out FileSystemProbe found)
    {
        found = new("squashfs", "", "");
        return head.StartsWith("hsqs"u8);
    }

    private static bool TryVfat(ReadOnlySpan<byte> head, out FileSystemProbe found)
    {
        found = default;
        if (!TrySlice(head, 0, 512, out var sector) || sector[510] != 0x55 || sector[511] != 0xAA) return false;
        int at;
        if (sector.Slice(82, 5).SequenceEqual("FAT32"u8)) at = 67;
        else if (sector.Slice(54, 3).SequenceEqual("FAT"u8)) at = 39;
        else return false;
        uint id = BinaryPrimitives.ReadUInt32LittleEndian(sector[at..]);
        string label = Text(sector.Slice(at + 4, 11), 11);
        found = new("vfat", label == "NO NAME" ? "" : label, $"{id >> 16:X4}-{id & 0xFFFF:X4}");
        return true;
    }

    private static bool TrySlice(ReadOnlySpan<byte> head, int offset, int length, out ReadOnlySpan<byte> slice)
    {
        slice = head.Length >= offset + length ? head.Slice(offset, length) : default;
        return !slice.IsEmpty;
    }

    /// <summary>Up to a NUL, without blanks at the end; what cannot be shown becomes '?'.</summary>
    private static string Text(ReadOnlySpan<byte> bytes, int limit)
    {
        int end = bytes.IndexOf((byte)0);
        var text = new StringBuilder(Encoding.UTF8.GetString(bytes[..Math.Min(end < 0 ? bytes.Length : end, limit)]).TrimEnd(' '));
        for (int i = 0; i < text.Length; i++)
            if (char.IsControl(text[i]) || text[i] == '\uFFFD') text[i] = '?';
        return text.ToString();
    }

    private static string FormatUuid(ReadOnlySpan<byte> bytes) => new Guid(bytes, bigEndian: true).ToString();
}
