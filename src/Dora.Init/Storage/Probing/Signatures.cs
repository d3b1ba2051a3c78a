using System.Text;
using Dora.Core.Configuration;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>
/// Names for what is found on a disk that is not empty and not ours, for the message only: nothing depends on whether a
/// name is found. The table is text (Signatures.Table.cs), read anew each time; tables of partitions and the three that a
/// magic number does not tell apart (ext2/3/4, ZFS by many places, LUKS by version) have code of their own or a line more.
/// </summary>
internal static partial class Signatures
{
    private const int MostNames = 8, LongestLabel = 32;

    /// <summary>All that is known of it, most telling first: <c>GPT with 3 partitions (EFI system, Linux), LVM2 physical volume</c>. Null if nothing is.</summary>
    public static string? Find(DiskWindow window, IDiskContent disk)
    {
        var names = new List<string>();
        Span<byte> bytes = stackalloc byte[LongestMagic];
        PartitionTables(window, disk, names);
        Ext(window, names);
        for (var rest = Table; !rest.IsEmpty;)
        {
            var line = Cut(ref rest, (byte)'\n');
            var name = Cut(ref line, (byte)'|');
            var places = Cut(ref line, (byte)'|');
            var magic = bytes[..Magic(Cut(ref line, (byte)'|'), bytes)];
            while (!places.IsEmpty)
            {
                if (Search(window, Cut(ref places, (byte)' '), magic) is not { } found) continue;
                string text = Encoding.UTF8.GetString(name);
                if (!line.IsEmpty) text += Label(window, found + Number(ref line), (int)Number(ref line));
                Add(names, text);
                break;
            }
        }
        // A boot sector alone says least, and the file systems that have one have been named.
        if (names.Count == 0 && window.At(510, 2) is [0x55, 0xAA]) names.Add("MBR or boot sector without partitions");
        if (names.Count == 0) return null;
        if (names.Count > MostNames) names.RemoveRange(MostNames, names.Count - MostNames);
        return string.Join(", ", names);
    }

    // The place of the first match. A place is OFFSET[+OFFSET], -FROM_END/ALIGNMENT[+OFFSET], or either with #COUNT*STEP behind it.
    private static long? Search(DiskWindow window, ReadOnlySpan<byte> place, ReadOnlySpan<byte> magic)
    {
        long offset = 0, count = 1, step = 0;
        if (place[0] == '-')
        {
            place = place[1..];
            long fromEnd = Number(ref place), alignment = place.StartsWith("/"u8) ? Number(ref place, 1) : 1;
            offset = (window.SizeBytes & -alignment) - fromEnd;
        }
        else
        {
            offset = Number(ref place);
        }
        while (place.StartsWith("+"u8)) offset += Number(ref place, 1);
        if (place.StartsWith("#"u8))
        {
            count = Number(ref place, 1);
            step = Number(ref place, 1);
        }
        for (; count > 0; count--, offset += step)
            if (magic.SequenceEqual(window.At(offset, magic.Length))) return offset;
        return null;
    }

    private static ReadOnlySpan<byte> Cut(ref ReadOnlySpan<byte> text, byte separator)
    {
        int end = text.IndexOf(separator);
        var first = end < 0 ? text : text[..end];
        text = end < 0 ? default : text[(end + 1)..];
        return first;
    }

    // Decimal, behind `skip` characters, with a sign or a unit of K, M, G, T or P.
    private static long Number(ref ReadOnlySpan<byte> text, int skip = 0)
    {
        text = text[skip..];
        bool isNegative = text.StartsWith("-"u8);
        if (isNegative || text.StartsWith(","u8)) text = text[1..];
        long value = 0;
        for (; !text.IsEmpty && text[0] is >= (byte)'0' and <= (byte)'9'; text = text[1..]) value = value * 10 + text[0] - '0';
        int unit = text.IsEmpty ? -1 : "KMGTP"u8.IndexOf(text[0]);
        if (unit >= 0)
        {
            value <<= 10 * (unit + 1);
            text = text[1..];
        }
        return isNegative ? -value : value;
    }

    // 'text' and hexadecimal digits, in any order.
    private static int Magic(ReadOnlySpan<byte> text, Span<byte> magic)
    {
        int length = 0;
        bool isText = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\'') isText = !isText;
            else if (isText) magic[length++] = text[i];
            else magic[length++] = (byte)(Digit(text[i++]) << 4 | Digit(text[i]));
        }
        return length;
    }

    private static int Digit(byte c) => c <= '9' ? c - '0' : c - 'A' + 10;

    private static string Label(DiskWindow window, long offset, int length)
    {
        var bytes = window.At(offset, length);
        int end = bytes.IndexOf((byte)0);
        if (end >= 0) bytes = bytes[..end];
        bytes = bytes.TrimEnd((byte)' ');
        return bytes.IsEmpty || bytes.SequenceEqual("NO NAME"u8) ? "" : $" labelled {Printable.Text(Encoding.UTF8.GetString(bytes), LongestLabel)}";
    }

    private static void Add(List<string> names, string name)
    {
        if (!names.Contains(name)) names.Add(name);
    }

    // fs/ext4/ext4.h: superblock at 1 KiB, magic at 56, features at 92 (compatible), 96 and 100, label at 120.
    private static void Ext(DiskWindow window, List<string> names)
    {
        var super = window.At(1024, 136);
        if (super.IsEmpty || super[56] != 0x53 || super[57] != 0xEF) return;
        uint compatible = Word(super, 92), incompatible = Word(super, 96), readOnly = Word(super, 100);
        string kind = (incompatible & 8) != 0 ? "journal of an ext file system" // 8: journal device
            : (incompatible & ~0x16u) != 0 || (readOnly & ~7u) != 0 ? "ext4 file system" // what ext3 does not know
            : (compatible & 4) != 0 ? "ext3 file system" : "ext2 file system"; // 4: has a journal
        Add(names, kind + Label(window, 1024 + 120, 16));
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
