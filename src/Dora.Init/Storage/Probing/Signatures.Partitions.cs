using System.Text;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

// Tables of partitions: how many they have, and of which types.
internal static partial class Signatures
{
    // The first field of a type's GUID is enough to name it. UEFI 2.10, table 5-7; the Discoverable Partitions Specification; gdisk(8), command L.
    private static ReadOnlySpan<byte> GptTypes =>
        "C12A7328 EFI system\n21686148 BIOS boot\n024DEE41 MBR scheme\n"u8 +
        "E3C9E316 Microsoft reserved\nEBD0A0A2 Windows or Linux data\nDE94BBA4 Windows recovery\n5808C8AA Windows dynamic disk\nAF9B60A0 Windows dynamic disk\nE75CAF8F Windows Storage Spaces\n"u8 +
        "0FC63DAF Linux\n0657FD6D Linux swap\nE6D6D379 Linux LVM\nA19D880F Linux RAID\nCA7D7CCB LUKS\n7FFEC5C9 dm-crypt\n933AC7E1 Linux home\nBC13C2FF Linux boot\n"u8 +
        "44479540 Linux root\n4F68BCE3 Linux root\nB921B045 Linux root\n69DAD710 Linux root\n3B8F8425 Linux server data\n4D21B016 Linux var\n"u8 +
        "83BD6B9D FreeBSD boot\n516E7CB4 FreeBSD\n516E7CB5 FreeBSD swap\n516E7CB6 FreeBSD UFS\n516E7CB8 FreeBSD Vinum\n516E7CBA FreeBSD ZFS\n824CC7A0 OpenBSD\n"u8 +
        "49F48D32 NetBSD swap\n49F48D5A NetBSD\n49F48D82 NetBSD\n48465300 Apple HFS+\n7C3457EF Apple APFS\n426F6F74 Apple boot\n53746F72 Apple Core Storage\n"u8 +
        "6A898CC3 ZFS\n6A82CB45 Solaris boot\n6A85CF4D Solaris root\nAA31E02A VMware VMFS\n9D275380 VMware\n9198EFFC VMware reserved\n"u8 +
        "4FBD7E29 Ceph OSD\n45B0969E Ceph journal\nCAFECAFE Ceph BlueStore\nFE3A2A5D ChromeOS kernel\n3CB8E202 ChromeOS root\n5BFA9F2E Pandora\n"u8;

    // fdisk(8), command l: include/pt-mbr-partnames.h of util-linux.
    private static ReadOnlySpan<byte> MbrTypes =>
        "01 FAT12\n04 FAT16\n05 extended\n06 FAT16\n07 NTFS or exFAT\n0B FAT32\n0C FAT32\n0E FAT16\n0F extended\n11 hidden FAT\n16 hidden FAT\n17 hidden NTFS\n1B hidden FAT\n1C hidden FAT\n"u8 +
        "27 Windows recovery\n39 Plan 9\n42 Windows dynamic disk\n63 Unix\n80 Minix\n81 Minix\n82 Linux swap or Solaris\n83 Linux\n85 extended\n86 NTFS\n87 NTFS\n88 Linux\n8E Linux LVM\n"u8 +
        "A5 FreeBSD\nA6 OpenBSD\nA8 Darwin UFS\nA9 NetBSD\nAF HFS+\nB7 BSDI\nB8 BSDI swap\nBE Solaris boot\nBF Solaris\nDA data\nDE Dell utility\nE8 LUKS\nEA Linux\nEB BeOS\nEE GPT\nEF EFI system\n"u8 +
        "FB VMware VMFS\nFC VMware swap\nFD Linux RAID\n"u8;

    private static void PartitionTables(DiskWindow window, IDiskContent disk, List<string> names)
    {
        bool hasGpt = Gpt(disk, 512, names) | Gpt(disk, 4096, names);
        var sector = window.At(0, 512);
        if (sector.IsEmpty || sector[510] != 0x55 || sector[511] != 0xAA) return;
        int count = 0, protective = 0;
        var types = new List<string>();
        for (int at = 446; at < 510; at += 16)
        {
            // In the boot sector of a file system this is code or text.
            if ((sector[at] & 0x7F) != 0) return;
            byte type = sector[at + 4];
            if (type == 0 || Word(sector, at + 12) == 0) continue;
            count++;
            if (type == 0xEE) protective++;
            Add(types, TypeName(MbrTypes, type, 2));
        }
        if (count == 0 || hasGpt && count == protective) return;
        names.Add(count == protective ? "protective MBR without a GPT"
            : hasGpt ? $"MBR beside the GPT ({string.Join(", ", types)})"
            : $"MBR with {Words.Count(count, "partition")} ({string.Join(", ", types)})");
    }

    private static bool Gpt(IDiskContent disk, int sectorBytes, List<string> names)
    {
        var table = GuidPartitionTable.Read(disk, sectorBytes, 1, out string? problem);
        string where = problem is null ? "" : $"; the primary copy is damaged: {problem}";
        if (table is null)
        {
            table = GuidPartitionTable.Read(disk, sectorBytes, disk.SizeBytes / sectorBytes - 1, out string? other);
            where = table is not null ? problem is null ? ", its backup copy only" : $", its backup copy{where}" : where;
            problem ??= other;
        }
        if (table is null)
        {
            if (problem is not null) names.Add($"damaged GPT ({problem})");
            return problem is not null;
        }
        var types = new List<string>();
        foreach (var partition in table.Partitions) Add(types, TypeName(GptTypes, partition.TypeWord, 8));
        names.Add((table.Partitions.Length == 0 ? "GPT without partitions" : $"GPT with {Words.Count(table.Partitions.Length, "partition")} ({string.Join(", ", types)})") + where);
        return true;
    }

    private static string TypeName(ReadOnlySpan<byte> table, uint type, int digits)
    {
        while (!table.IsEmpty)
        {
            var line = Cut(ref table, (byte)'\n');
            uint known = 0;
            foreach (byte c in line[..digits]) known = known << 4 | (uint)Digit(c);
            if (known == type) return Encoding.UTF8.GetString(line[(digits + 1)..]);
        }
        return digits == 2 ? $"type {type:x2}" : $"type {type:x8}";
    }
}
