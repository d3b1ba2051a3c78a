using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Dora.Tests.Harness;

/// <summary>
/// Disks of other people: what must never be claimed. Most are made by the tools that people use; those marked "by hand" are
/// written from the published format, for no program of Debian makes them on a file (HFS+, APFS, ReFS, BitLocker, VMFS, Ceph,
/// Windows dynamic disks; md needs the kernel's driver to create one). Sparse files of 512 MiB.
/// </summary>
/// <param name="Name">For the test and the file.</param>
/// <param name="Words">What the reason must say.</param>
/// <param name="Make">Writes it into an empty disk.</param>
/// <param name="Blkid">By hand: what blkid(8) takes it for, so that the hand is not the only witness. Null where it knows nothing of it.</param>
sealed record DiskImage(string Name, string Words, Action<DiskImageFile> Make, string? Blkid = null)
{
    public override string ToString() => Name;

    /// <summary>Makes the file; the caller removes it.</summary>
    public string Create(string folder)
    {
        string path = Path.Combine(folder, Name.Replace(' ', '-').Replace('/', '-') + ".img");
        using (var stream = File.Create(path)) stream.SetLength(DiskImages.Size);
        Make(new DiskImageFile(path, folder));
        // Archives and file systems that are made as a file have its length.
        using (var stream = File.OpenWrite(path))
            if (stream.Length != DiskImages.Size) stream.SetLength(DiskImages.Size);
        return path;
    }

    /// <summary>Of all bytes that are not in a run of zeros; the same file read twice has the same.</summary>
    public static string Hash(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        var buffer = new byte[256 << 10];
        hash.AppendData(BitConverter.GetBytes(stream.Length));
        for (int length; (length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            if (buffer.AsSpan(0, length).IndexOfAnyExcept((byte)0) < 0) continue;
            hash.AppendData(BitConverter.GetBytes(stream.Position));
            hash.AppendData(buffer, 0, length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>The file of an image that is being made.</summary>
sealed class DiskImageFile(string path, string folder)
{
    public string Path => path;

    public void Run(string program, params string[] arguments) => Commands(program, arguments);

    /// <summary>As a shell has it, with the image as $1; in a folder that is its own, and gone afterwards.</summary>
    public void Shell(string script)
    {
        string own = path + ".d";
        Directory.CreateDirectory(own);
        try
        {
            File.WriteAllText(System.IO.Path.Combine(own, "file"), "hello\n");
            Commands("sh", ["-eu", "-c", $"cd \"$2\"; {script}", "sh", path, own]);
        }
        finally
        {
            Directory.Delete(own, recursive: true);
        }
    }

    public DiskImageFile Write(long offset, ReadOnlySpan<byte> bytes)
    {
        using var stream = File.OpenWrite(path);
        stream.Position = offset >= 0 ? offset : DiskImages.Size + offset;
        stream.Write(bytes);
        return this;
    }

    public DiskImageFile Write(long offset, string text) => Write(offset, Encoding.Latin1.GetBytes(text));

    public DiskImageFile Hex(long offset, string digits) => Write(offset, Convert.FromHexString(digits.Replace(" ", "")));

    public DiskImageFile Clear(long offset, int length) => Write(offset, new byte[length]);

    void Commands(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder };
        start.Environment["PATH"] = "/usr/sbin:/sbin:/usr/bin:/bin";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(60_000))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)}: not done after a minute");
        }
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{output.Result}{error.Result}");
    }
}

static class DiskImages
{
    public const long Size = 512 << 20;

    public static IReadOnlyList<DiskImage> All { get; } =
    [
        // File systems of Linux.
        new("ext2", "ext2 file system labelled root", d => d.Run("mkfs.ext2", "-q", "-F", "-L", "root", d.Path)),
        new("ext3", "ext3 file system labelled root", d => d.Run("mkfs.ext3", "-q", "-F", "-L", "root", d.Path)),
        new("ext4", "ext4 file system labelled root", d => d.Run("mkfs.ext4", "-q", "-F", "-L", "root", d.Path)),
        new("ext4 without a label, blocks of 1 KiB", "ext4 file system", d => d.Run("mkfs.ext4", "-q", "-F", "-b", "1024", d.Path)),
        new("ext4 with its beginning wiped", "copy of its superblock", d => { d.Run("mkfs.ext4", "-q", "-F", d.Path); d.Clear(0, 8 << 20); }),
        new("ext journal", "journal of an ext file system", d => d.Run("mke2fs", "-q", "-F", "-O", "journal_dev", d.Path)),
        new("xfs", "XFS file system labelled data", d => d.Run("mkfs.xfs", "-q", "-L", "data", d.Path)),
        new("btrfs", "btrfs file system labelled data", d => d.Run("mkfs.btrfs", "-q", "-L", "data", d.Path)),
        new("btrfs with its beginning wiped", "copy of its superblock", d => { d.Run("mkfs.btrfs", "-q", d.Path); d.Clear(0, 4 << 20); }),
        new("f2fs", "F2FS file system", d => d.Run("mkfs.f2fs", "-q", "-f", d.Path)),
        new("jfs", "JFS file system labelled data", d => d.Run("mkfs.jfs", "-q", "-L", "data", d.Path)),
        new("reiserfs", "ReiserFS file system labelled data", d => d.Run("mkfs.reiserfs", "-q", "-f", "-l", "data", d.Path)),
        new("nilfs2", "NILFS2 file system labelled data", d => d.Run("mkfs.nilfs2", "-q", "-f", "-L", "data", d.Path)),
        new("ocfs2", "OCFS2 file system", d => d.Run("mkfs.ocfs2", "-q", "-F", "-M", "local", d.Path)),
        new("gfs2", "GFS2 file system", d => d.Run("mkfs.gfs2", "-q", "-O", "-p", "lock_nolock", "-J", "8", d.Path)),
        new("minix", "Minix file system", d => d.Run("mkfs.minix", d.Path)),
        new("minix version 3", "Minix file system", d => d.Run("mkfs.minix", "-3", d.Path)),
        new("bcachefs (by hand)", "bcachefs file system labelled data", d => d.Hex(4096 + 24, BcachefsMagic).Write(4096 + 72, "data").Hex(3584, BcachefsMagic), null),

        // Those of others.
        new("vfat 12", "FAT12 file system labelled DATA", d => d.Run("mkfs.vfat", "-F", "12", "-n", "DATA", d.Path, "65536")),
        new("vfat 16", "FAT16 file system labelled DATA", d => d.Run("mkfs.vfat", "-F", "16", "-n", "DATA", d.Path)),
        new("vfat 32", "FAT32 file system labelled DATA", d => d.Run("mkfs.vfat", "-F", "32", "-n", "DATA", d.Path)),
        new("exfat", "exFAT file system", d => d.Run("mkfs.exfat", d.Path)),
        new("ntfs", "NTFS file system", d => d.Run("mkntfs", "-q", "-F", "-Q", d.Path)),
        new("ntfs with its beginning wiped", "NTFS file system (copy of its boot sector)", d => { d.Run("mkntfs", "-q", "-F", "-Q", d.Path); d.Clear(0, 4 << 20); }),
        new("refs (by hand)", "ReFS file system", d => d.Write(0, "\0\0\0ReFS\0\0\0\0").Write(16, "FSRS"), "ReFS"),
        new("bitlocker (by hand)", "BitLocker encrypted volume",
            d => d.Hex(0, "EB5890").Write(3, "-FVE-FS-").Hex(160, "3BD66749292ED84A8399F6A339E3D001 0000100000000000").Hex(510, "55AA").Write(1 << 20, "-FVE-FS-").Hex((1 << 20) + 8, "00100200"), "BitLocker"),
        new("hfs", "HFS file system", d => d.Run("hformat", "-f", "-l", "data", d.Path)),
        new("hfs+ (by hand)", "HFS+ file system", d => { foreach (long at in new[] { 1024, -1024 }) d.Hex(at, HfsPlus); }, "hfsplus"),
        new("hfs+ with its beginning wiped (by hand)", "HFS+ file system", d => d.Hex(-1024, HfsPlus)),
        new("apfs (by hand)", "APFS container", d => d.Hex(8, "0100000000000000 0100000000000000 01000080 00000000").Write(32, "NXSB").Hex(36, "00100000 0000020000000000"), "apfs"),
        new("ufs1", "UFS1 file system", d => d.Shell("rm -f \"$1\"; makefs -t ffs -s 16m \"$1\" .")),
        new("ufs1 of a big-endian machine", "UFS1 file system (big endian)", d => d.Shell("rm -f \"$1\"; makefs -t ffs -B be -s 16m \"$1\" .")),
        new("ufs2", "UFS2 file system", d => d.Shell("rm -f \"$1\"; makefs -t ffs -o version=2 -s 16m \"$1\" .")),
        new("vmfs volume (by hand)", "VMFS volume member", d => d.Hex(1 << 20, "0DD001C0 03000000"), "VMFS_volume_member"),

        // Read-only and flash.
        new("iso9660", "ISO 9660 image labelled DATA", d => d.Shell("xorriso -as mkisofs -quiet -V DATA -o \"$1\" .")),
        new("iso9660 with a boot sector", "ISO 9660 image", d => d.Shell("xorriso -as mkisofs -quiet -V DATA --protective-msdos-label -o \"$1\" .")),
        new("udf", "UDF file system", d => d.Run("mkudffs", d.Path)),
        new("squashfs", "squashfs file system", d => d.Shell("mksquashfs . \"$1\" -quiet -noappend -no-progress")),
        new("erofs", "EROFS file system", d => d.Shell("rm -f \"$1\"; mkfs.erofs \"$1\" .")),
        new("cramfs", "cramfs file system", d => d.Shell("mkfs.cramfs . \"$1\"")),
        new("romfs", "romfs file system labelled data", d => d.Shell("genromfs -d . -V data -f \"$1\"")),
        new("jffs2", "JFFS2 file system", d => d.Shell("mkfs.jffs2 -d . -o \"$1\"")),
        new("ubifs", "UBIFS file system", d => d.Shell("mkfs.ubifs -r . -m 2048 -e 126976 -c 100 -o \"$1\"")),
        new("ubi", "UBI volumes", d => d.Shell("mkdir root; mkfs.ubifs -r root -m 2048 -e 126976 -c 100 -o u; printf '[u]\\nmode=ubi\\nimage=u\\nvol_id=0\\nvol_type=dynamic\\nvol_name=data\\nvol_size=4MiB\\n' >u.ini; ubinize -o \"$1\" -m 2048 -p 128KiB u.ini")),

        // Swap.
        new("swap", "swap space labelled data", d => d.Run("mkswap", "-L", "data", d.Path)),
        new("swap of pages of 64 KiB", "swap space", d => d.Run("mkswap", "-p", "65536", d.Path)),
        new("swap of version 1 (by hand)", "swap space (version 1)", d => d.Write(4086, "SWAP-SPACE"), "swap"),
        new("swap with a suspended system", "suspended system in swap space", d => { d.Run("mkswap", d.Path); d.Write(4086, "S1SUSPEND\0"); }),

        // Encryption and volume managers.
        new("luks1", "LUKS1 encrypted volume", d => d.Shell("cryptsetup luksFormat --batch-mode --type luks1 --pbkdf-force-iterations 1000 --key-file file \"$1\"")),
        new("luks2", "LUKS2 encrypted volume", d => d.Shell($"{Luks2} \"$1\"")),
        new("luks2 with a label", "LUKS2 encrypted volume labelled secret", d => d.Shell($"{Luks2} --label secret \"$1\"")),
        new("luks2 with its first header wiped", "LUKS2 encrypted volume (second header)", d => { d.Shell($"{Luks2} \"$1\""); d.Clear(0, 4096); }),
        new("lvm physical volume", "LVM2 physical volume", d => d.Shell("""
            loop=$(losetup --find --show "$1"); trap 'losetup --detach "$loop"' EXIT
            pvcreate -q -ff -y --nolocking --config "devices { use_devicesfile=0 filter=[\"a|^$loop\$|\", \"r|.*|\"] } global { event_activation=0 } backup { backup=0 archive=0 }" "$loop"
            """)),
        new("lvm1 physical volume (by hand)", "LVM1 physical volume", d => d.Write(0, "HM\u0001\0"), "LVM1_member"),
        new("zfs", "ZFS pool member", d => d.Shell(Zpool)),
        new("zfs with its beginning wiped", "ZFS pool member", d => { d.Shell(Zpool); d.Clear(0, 8 << 20); }),
        new("bcache backing device", "bcache device", d => d.Run("make-bcache", "-B", d.Path)),
        new("bcache cache", "bcache device", d => d.Run("make-bcache", "-C", d.Path)),
        new("drbd 8", "DRBD device", d => d.Run("drbdmeta", "--force", "0", "v08", d.Path, "internal", "create-md")),
        new("drbd 9", "DRBD device", d => d.Run("drbdmeta", "--force", "0", "v09", d.Path, "internal", "create-md", "1")),
        new("ceph bluestore (by hand)", "Ceph BlueStore device", d => d.Write(0, "bluestore block device\n5d2f1c2e-90bb-4a3c-8e1e-1d8d6c7f2b11\n"), "ceph_bluestore"),

        // RAID.
        new("md 0.90 (by hand)", "Linux RAID member (md 0.90)", d => d.Write((Size & ~0xFFFF) - 0x10000, Md0()), "linux_raid_member"),
        new("md 0.90 of a big-endian machine (by hand)", "Linux RAID member (md 0.90, big endian)", d => d.Write((Size & ~0xFFFF) - 0x10000, Swapped(Md0())), "linux_raid_member"),
        new("md 1.0 (by hand)", "Linux RAID member (md 1.0) labelled host:0", d => d.Write(Size - 8192, Md1(Size / 512 - 16)), "linux_raid_member"),
        new("md 1.1 (by hand)", "Linux RAID member (md 1.1) labelled host:0", d => d.Write(0, Md1(0)), "linux_raid_member"),
        new("md 1.2 (by hand)", "Linux RAID member (md 1.2) labelled host:0", d => d.Write(4096, Md1(8)), "linux_raid_member"),
        new("imsm (by hand)", "Intel RAID member (IMSM)", d => d.Write(-1024, "Intel Raid ISM Cfg Sig. 1.3.00\0\0"), "isw_raid_member"),
        new("ddf (by hand)", "DDF RAID member", d => { foreach (long at in new[] { -512, -1024 }) d.Hex(at, "DE11DE11").Write(at + 32, "01.02.00").Hex(at + 96, "00000000000FFFFE"); }, "ddf_raid_member"),

        // Tables of partitions.
        new("gpt without partitions", "GPT without partitions", d => d.Run("sgdisk", "--clear", d.Path)),
        new("gpt with partitions", "GPT with 3 partitions (EFI system, Linux swap, Linux)", d => d.Run("sgdisk", "-n", "1:0:+64M", "-t", "1:ef00", "-n", "2:0:+64M", "-t", "2:8200", "-n", "3:0:0", "-t", "3:8300", d.Path)),
        new("gpt of Windows", "GPT with 3 partitions (Microsoft reserved, Windows or Linux data, Windows recovery)", d => d.Run("sgdisk", "-n", "1:0:+16M", "-t", "1:0c01", "-n", "2:0:+64M", "-t", "2:0700", "-n", "3:0:0", "-t", "3:2700", d.Path)),
        new("gpt, backup only", "GPT with 1 partition (Linux), its backup copy only", d => { d.Run("sgdisk", "-n", "1:0:0", "-t", "1:8300", d.Path); d.Clear(0, 1 << 20); }),
        new("gpt, primary copy damaged", "its backup copy; the primary copy is damaged: the checksum of its header is wrong", d => { d.Run("sgdisk", "-n", "1:0:0", d.Path); d.Hex(560, "FFFF"); }),
        new("gpt, both copies damaged", "damaged GPT (the checksum of its header is wrong)", d => { d.Run("sgdisk", "-n", "1:0:0", d.Path); d.Hex(560, "FFFF").Hex(-464, "FFFF"); }),
        new("gpt with an mbr beside it", "MBR beside the GPT", d => { d.Run("sgdisk", "-n", "1:0:0", "-t", "1:0700", d.Path); d.Run("sgdisk", "-h", "1", d.Path); }),
        new("protective mbr only", "protective MBR without a GPT", d => { d.Run("sgdisk", "-n", "1:0:0", d.Path); d.Clear(512, 1 << 20).Clear(-(1 << 20), 1 << 20); }),
        new("mbr", "MBR with 2 partitions (Linux swap or Solaris, Linux)", d => d.Shell("printf 'label: dos\\n,64M,S\\n,,L\\n' | sfdisk -q \"$1\"")),
        new("mbr of Windows", "MBR with 2 partitions (NTFS or exFAT, Windows recovery)", d => d.Shell("printf 'label: dos\\n,64M,7\\n,,27\\n' | sfdisk -q \"$1\"")),
        new("mbr of BSDs", "MBR with 3 partitions (FreeBSD, OpenBSD, NetBSD)", d => d.Shell("printf 'label: dos\\n,64M,a5\\n,64M,a6\\n,,a9\\n' | sfdisk -q \"$1\"")),
        new("mbr with logical partitions", "MBR with 1 partition (extended)", d => d.Shell("printf 'label: dos\\n,,E\\n,64M,L\\n' | sfdisk -q \"$1\"")),
        new("mbr without partitions", "MBR or boot sector without partitions", d => d.Shell("printf 'label: dos\\n' | sfdisk -q \"$1\"")),
        new("windows dynamic disk (by hand)", "Windows dynamic disk (LDM)", d => d.Hex(446, "00000000 42000000 3F000000 C1FF0F00").Hex(510, "55AA").Write(3072, "PRIVHEAD").Write(-512, "PRIVHEAD")),
        new("bsd disklabel", "BSD disklabel", d => d.Run("parted", "-s", d.Path, "mklabel", "bsd")),
        new("sun label", "Sun disk label", d => d.Run("parted", "-s", d.Path, "mklabel", "sun")),
        new("sgi label", "SGI disk label", d => d.Run("parted", "-s", d.Path, "mklabel", "dvh")),
        new("apple partition map", "Apple partition map", d => d.Run("parted", "-s", d.Path, "mklabel", "mac")),
        new("amiga partition table", "Amiga partition table", d => d.Run("parted", "-s", d.Path, "mklabel", "amiga")),
        new("atari partition table", "Atari partition table", d => d.Run("parted", "-s", d.Path, "mklabel", "atari", "mkpart", "primary", "ext2", "1MiB", "100MiB")),
        new("pc98 partition table", "MBR or boot sector without partitions", d => d.Run("parted", "-s", d.Path, "mklabel", "pc98")),

        // Images and archives as they are.
        new("qcow2", "QCOW2 image", d => d.Run("qemu-img", "create", "-q", "-f", "qcow2", d.Path, "1G")),
        new("vmdk", "VMDK image", d => d.Run("qemu-img", "create", "-q", "-f", "vmdk", d.Path, "1G")),
        new("vdi", "VDI image", d => d.Run("qemu-img", "create", "-q", "-f", "vdi", d.Path, "1G")),
        new("vhd", "VHD image", d => d.Run("qemu-img", "create", "-q", "-f", "vpc", d.Path, "1G")),
        new("vhdx", "VHDX image", d => d.Run("qemu-img", "create", "-q", "-f", "vhdx", d.Path, "1G")),
        new("gzip", "gzip data", d => d.Shell("gzip -c file >\"$1\"")),
        new("tar", "tar archive", d => d.Shell("tar cf \"$1\" file")),
        new("zip", "zip archive", d => d.Shell("rm -f \"$1\"; python3 -m zipfile -c \"$1\" file")),

        // Nobody's that is known.
        new("random data", "data at byte 0 that is not known here", d => d.Write(0, Noise(16 << 20))),
        new("first MiB zero, data after it", "data at 1 MiB that is not known here", d => d.Write(1 << 20, Noise(8 << 20))),
        new("data only in its middle", "data at 256 MiB that is not known here", d => d.Write(256 << 20, Noise(1 << 20))),
        new("one bit in its last sector", "data at 511.9 MiB that is not known here", d => d.Hex(-1, "01")),
        new("one byte of ff", "a mixture of zero and 0xFF: 0xFF first at 3 MiB", d => d.Hex(3 << 20, "FF")),
    ];

    const string BcachefsMagic = "C68573F666CE90A9D96A60CF803DF7EF";
    const string Luks2 = "cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file file";

    // TN1150: version 4, last mounted by 10.0, blocks of 4 KiB.
    const string HfsPlus = "482B0004 80000100 31302E30 00000000 C5D3A5E0 C5D3A5E0 00000000 00000000 00000000 00000000 00001000 00020000 0001FF00";

    // zfs-fuse keeps its socket in /run: in a mount namespace of its own it meets no other one.
    const string Zpool = """
        cat >make <<'END'
        mount -t tmpfs tmpfs /run
        mkdir -p /run/zfs /run/lock
        zfs-fuse -n >log 2>&1 &
        pid=$!
        trap 'kill $pid; wait $pid || true' EXIT
        for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
            [ ! -S /run/zfs/zfs_socket ] || break
            kill -0 $pid
            sleep 0.5
        done
        zpool create -m none "$2" "$1"
        zpool export "$2"
        END
        unshare --mount sh -eu make "$1" "data$$"
        """;

    static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    // include/uapi/linux/raid/md_p.h: mdp_super_t, 4 KiB of words; the checksum is the sum of them.
    static byte[] Md0()
    {
        var block = new byte[4096];
        foreach (var (word, value) in new[] { (0, 0xA92B4EFC), (1, 0u), (2, 90u), (5, 0x11111111u), (6, 1700000000u), (7, 1u), (8, 523_000u), (9, 2u), (10, 2u), (13, 0x22222222u), (14, 0x33333333u), (15, 0x44444444u), (32, 1700000000u), (33, 1u), (34, 2u), (35, 2u) })
            BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(word * 4), value);
        ulong sum = 0;
        for (int at = 0; at < block.Length; at += 4) sum += BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(at));
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(38 * 4), (uint)sum + (uint)(sum >> 32));
        return block;
    }

    static byte[] Swapped(byte[] block)
    {
        for (int at = 0; at < block.Length; at += 4) block.AsSpan(at, 4).Reverse();
        return block;
    }

    // The same file: mdp_superblock_1.
    static byte[] Md1(long superSector)
    {
        var block = new byte[4096];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 0xA92B4EFC);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), 1);
        for (int i = 16; i < 32; i++) block[i] = block[168 - 16 + i] = (byte)i; // UUIDs of the array and of the device
        Encoding.ASCII.GetBytes("host:0", block.AsSpan(32));
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(64), 1700000000);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(72), 1); // level
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(80), 1_000_000);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(92), 2); // disks
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(128), superSector > 100 ? 0 : 2048);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(136), 1_000_000);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(144), superSector);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(192), 1700000000);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(220), 2); // roles
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(256), 1 << 16);
        ulong sum = 0;
        for (int at = 0; at < 256 + 4; at += 4) sum += BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(at));
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(216), (uint)sum + (uint)(sum >> 32));
        return block;
    }
}
