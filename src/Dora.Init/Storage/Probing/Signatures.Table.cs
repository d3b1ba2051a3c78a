namespace Dora.Init.Storage.Probing;

// NAME|PLACES|MAGIC[|LABEL]: places as Search() has them, separated by a blank, the magic number as Magic(); a label is its
// offset from the magic number and its length. Names of files of the kernel are those of version 6.1.
internal static partial class Signatures
{
    private const int LongestMagic = 40;

    internal static ReadOnlySpan<byte> Table =>
        // Volume managers and encryption. LVM2: lib/format_text/layout.h and lib/label/label.h (label in one of the first four
        // sectors); LVM1: lib/format1/disk-rep.h; LUKS1: On-Disk Format 1.2.3; LUKS2: On-Disk Format 1.1.1, 2.1 (places of the
        // second header); BitLocker: MS-FVE, libbde; drivers/md/dm-verity-target.c, dm-integrity.c, dm-vdo; stratisd: design, 4.1.
        "LVM2 physical volume|24#4*512|'LVM2 001'\n"u8 +
        "LVM1 physical volume|0|'HM'0100\n"u8 +
        "LUKS1 encrypted volume|0|'LUKS'BABE0001\n"u8 +
        "LUKS2 encrypted volume|0|'LUKS'BABE0002|24,48\n"u8 +
        "LUKS2 encrypted volume (second header)|16K 32K 64K 128K 256K 512K 1M 2M 4M|'SKUL'BABE0002|24,48\n"u8 +
        "BitLocker encrypted volume|3|'-FVE-FS-'\n"u8 +
        "BitLocker encrypted volume|424|3BD66749292ED84A8399F6A339E3D001\n"u8 +
        "dm-verity hash tree|0|'verity'0000\n"u8 +
        "dm-integrity volume|0|'integrt'00\n"u8 +
        "VDO volume|0|'dmvdo001'\n"u8 +
        "device-mapper snapshot|0|'SnAp'01000000\n"u8 +
        "Stratis block device|516 4612|'!Stra0tis'86FF02'^'41'rh'\n"u8 +

        // RAID. include/uapi/linux/raid/md_p.h, drivers/md/md.c (super_90_load, super_1_load: calc_dev_sboffset and minor versions);
        // mdadm: super-intel.c (last but one sector), super-ddf.c (last sector); dmraid: lib/format/ataraid/*.h.
        "Linux RAID member (md 0.90)|-64K/64K|FC4E2BA9000000005A000000\n"u8 +
        "Linux RAID member (md 0.90, big endian)|-64K/64K|A92B4EFC000000000000005A\n"u8 +
        "Linux RAID member (md 1.0)|-8K/4K|FC4E2BA901000000|32,32\n"u8 +
        "Linux RAID member (md 1.1)|0|FC4E2BA901000000|32,32\n"u8 +
        "Linux RAID member (md 1.2)|4K|FC4E2BA901000000|32,32\n"u8 +
        "Intel RAID member (IMSM)|-1024 -8K|'Intel Raid ISM Cfg Sig. '\n"u8 +
        "DDF RAID member|-512 -4K -131584|DE11DE11\n"u8 +
        "LSI RAID member|-512|'$XIDE$'\n"u8 +
        "NVIDIA RAID member|-1024|'NVIDIA  '\n"u8 +
        "Highpoint RAID member|4640|F016785A\n"u8 +
        "Highpoint RAID member|4640|FD16785A\n"u8 +
        "Promise RAID member|-32256/512 -130560/512 -8192|'Promise Technology, Inc.'\n"u8 +
        "JMicron RAID member|-512|'JM'4D4A\n"u8 +

        // Caches, replication, cluster storage. drivers/md/bcache: include/uapi/linux/bcache.h; bcachefs: bcachefs_format.h (superblock
        // and its layout); DRBD: drbd/drbd_meta_data.h (the last 4 KiB); Ceph: src/os/bluestore/BlueStore.cc; VMFS: vmfs-tools.
        "bcache device|4K+24|C68573F64E1A45CA8265F57F48BA6D81|48,32\n"u8 +
        "bcachefs file system|4K+24 1M+24 1M+4K+24 2M+24|C68573F666CE90A9D96A60CF803DF7EF|48,32\n"u8 +
        "bcachefs file system (layout)|3584|C68573F666CE90A9D96A60CF803DF7EF\n"u8 +
        "DRBD device|-4K/4K+60|8374026B\n"u8 +
        "DRBD device|-4K/4K+60|8374026C\n"u8 +
        "DRBD device|-4K/4K+60|8374026D\n"u8 +
        "Ceph BlueStore device|0|'bluestore block device'\n"u8 +
        "VMFS volume member|1M|0DD001C0\n"u8 +
        "VMFS file system|2M|5EF1AB2F\n"u8 +

        // ZFS On-Disk Specification, 1.2.1: labels at both ends, 128 uberblocks of 1 KiB in each, of either byte order.
        "ZFS pool member|128K#128*1K 384K#128*1K -384K/256K#128*1K -128K/256K#128*1K|0CB1BA0000000000\n"u8 +
        "ZFS pool member (big endian)|128K#128*1K 384K#128*1K -384K/256K#128*1K -128K/256K#128*1K|0000000000BAB10C\n"u8 +

        // File systems of Linux. fs/btrfs/disk-io.h (copies at 64 MiB, 256 GiB, 1 PiB); fs/xfs/libxfs/xfs_format.h; include/linux/f2fs_fs.h;
        // fs/jfs/jfs_superblock.h and jfs_filsys.h; fs/reiserfs/reiserfs.h; include/uapi/linux/nilfs2_ondisk.h (second one in the last
        // 4 KiB); fs/ocfs2/ocfs2_fs.h (second block of any size); include/uapi/linux/gfs2_ondisk.h; include/uapi/linux/magic.h (minix).
        "btrfs file system|64K+64|'_BHRfS_M'|235,64\n"u8 +
        "btrfs file system (copy of its superblock)|64M+64 256G+64 1P+64|'_BHRfS_M'|235,64\n"u8 +
        "XFS file system|0|'XFSB'|108,12\n"u8 +
        "XFS journal|0|FEEDBABE\n"u8 +
        "ext file system (copy of its superblock)|128M+56 384M+56 640M+56 896M+56 8M+1K+56|53EF|64,16\n"u8 +
        "F2FS file system|1K 4K+1K|1020F5F2\n"u8 +
        "JFS file system|32K|'JFS1'|152,16\n"u8 +
        "ReiserFS file system|64K+52 8K+52|'ReIsEr'|48,16\n"u8 +
        "Reiser4 file system|64K|'ReIsEr4'\n"u8 +
        "NILFS2 file system|1K+6 -4K/4K+6|3434|162,80\n"u8 +
        "OCFS2 file system|1K 2K 4K 8K|'OCFSV2'\n"u8 +
        "GFS2 file system|64K|0116197000000001\n"u8 +
        "Minix file system|1K+16|7F13\n"u8 +
        "Minix file system|1K+16|8F13\n"u8 +
        "Minix file system|1K+16|6824\n"u8 +
        "Minix file system|1K+16|7824\n"u8 +
        "Minix file system|1K+24|5A4D\n"u8 +

        // Read-only and flash. fs/squashfs/squashfs_fs.h; fs/erofs/erofs_fs.h; include/uapi/linux/cramfs_fs.h; include/uapi/linux/romfs_fs.h;
        // drivers/mtd/ubi/ubi-media.h; fs/ubifs/ubifs-media.h; include/uapi/linux/jffs2.h; ECMA-119 8.4 (ISO 9660), ECMA-167 2/9 (UDF).
        "squashfs file system|0|'hsqs'\n"u8 +
        "squashfs file system|0|'sqsh'\n"u8 +
        "EROFS file system|1K|E2E1F5E0|64,16\n"u8 +
        "cramfs file system|0 512|453DCD28\n"u8 +
        "cramfs file system|0 512|28CD3D45\n"u8 +
        "romfs file system|0|'-rom1fs-'|16,16\n"u8 +
        "UBI volumes|0|'UBI#'\n"u8 +
        "UBIFS file system|0|31181006\n"u8 +
        "JFFS2 file system|0|85190320\n"u8 +
        "JFFS2 file system|0|19852003\n"u8 +
        "ISO 9660 image|32K+1|'CD001'|39,32\n"u8 +
        "UDF file system|32K+1#16*2K|'NSR02'\n"u8 +
        "UDF file system|32K+1#16*2K|'NSR03'\n"u8 +
        "UDF file system|32K+1#16*4K|'NSR03'\n"u8 +

        // File systems of others. fatgen103 (FAT); Microsoft: exFAT specification 3.1, ntfs-3g layout.h, ReFS (libfsrefs), LDM
        // (block/partitions/ldm.h); Apple: TN1150 (HFS+, and its copy in the last but one sector), APFS Reference (nx_superblock_t);
        // FreeBSD: sys/ufs/ffs/fs.h; Veritas: fs/freevxfs/vxfs.h; HPFS: fs/hpfs/hpfs.h; BeFS: fs/befs/befs_fs_types.h.
        "FAT12 file system|54|'FAT12   '|-11,11\n"u8 +
        "FAT16 file system|54|'FAT16   '|-11,11\n"u8 +
        "FAT32 file system|82|'FAT32   '|-11,11\n"u8 +
        "exFAT file system|3|'EXFAT   '\n"u8 +
        "NTFS file system|3|'NTFS    '\n"u8 +
        "NTFS file system (copy of its boot sector)|-509|'NTFS    '\n"u8 +
        "ReFS file system|3|'ReFS'00000000\n"u8 +
        "Windows dynamic disk (LDM)|3072 -96K -512|'PRIVHEAD'\n"u8 +
        "Windows Storage Spaces member|0 4K|'SPACEDB '\n"u8 +
        "HFS+ file system|1K -1K|'H+'0004\n"u8 +
        "HFSX file system|1K -1K|'HX'0005\n"u8 +
        "HFS file system|1K|'BD'\n"u8 +
        "APFS container|32|'NXSB'\n"u8 +
        "UFS2 file system|8K+1372 64K+1372 256K+1372|19015419\n"u8 +
        "UFS1 file system|8K+1372 64K+1372|54190100\n"u8 +
        "UFS1 file system (big endian)|8K+1372 64K+1372|00011954\n"u8 +
        "VxFS file system|1K|F5FC01A5\n"u8 +
        "VxFS file system (big endian)|8K|A501FCF5\n"u8 +
        "HPFS file system|8K|49E895F9\n"u8 +
        "BeFS file system|32 544|'1SFB'\n"u8 +

        // mkswap(8), kernel/power/swap.c and user.c: at the end of the first page, of 4 to 64 KiB.
        "swap space|4086 8182 16374 32758 65526|'SWAPSPACE2'|-3034,16\n"u8 +
        "swap space (version 1)|4086 8182 16374 32758 65526|'SWAP-SPACE'\n"u8 +
        "suspended system in swap space|4086 8182 16374 32758 65526|'S1SUSPEND'\n"u8 +
        "suspended system in swap space|4086 8182 16374 32758 65526|'S2SUSPEND'\n"u8 +
        "suspended system in swap space|4086 8182 16374 32758 65526|'ULSUSPEND'\n"u8 +
        "suspended system in swap space|4086 8182 16374 32758 65526|'LINHIB0001'\n"u8 +

        // Labels of other systems: block/partitions/{sun,sgi,mac,amiga,atari}.h; BSD: sys/disklabel.h (second sector, or in the first).
        "BSD disklabel|512 0 64 128|57455682\n"u8 +
        "BSD disklabel (big endian)|512 0 64 128|82564557\n"u8 +
        "Sun disk label|508|DABE\n"u8 +
        "SGI disk label|0|0BE5A941\n"u8 +
        "Apple partition map|512 2K 4K|'PM'0000\n"u8 +
        "Amiga partition table|0#16*512|'RDSK'\n"u8 +
        "Atari partition table|455|'GEM'\n"u8 +
        "Atari partition table|455|'BGM'\n"u8 +
        "Atari partition table|455|'XGM'\n"u8 +
        "Atari partition table|455|'LNX'\n"u8 +
        "Atari partition table|455|'RAW'\n"u8 +

        // Images and archives written onto a disk as they are. qemu: docs/interop/qcow2.txt, block/{vmdk,vdi,vpc,vhdx}.c; RFC 1952
        // (gzip), RFC 8878 (zstd), PKWARE APPNOTE (zip), tar(5), the file formats of xz, bzip2, 7z and ELF.
        "QCOW2 image|0|'QFI'FB\n"u8 +
        "VMDK image|0|'KDMV'\n"u8 +
        "VMDK image|0|'COWD'\n"u8 +
        "VMDK image|0|'# Disk Descriptor'\n"u8 +
        "VDI image|64|7F10DABE\n"u8 +
        "VHD image|0 -512|'conectix'\n"u8 +
        "VHDX image|0|'vhdxfile'\n"u8 +
        "gzip data|0|1F8B08\n"u8 +
        "zip archive|0|'PK'0304\n"u8 +
        "tar archive|257|'ustar'\n"u8 +
        "xz data|0|FD'7zXZ'00\n"u8 +
        "zstd data|0|28B52FFD\n"u8 +
        "bzip2 data|0|'BZh'\n"u8 +
        "7z archive|0|'7z'BCAF271C\n"u8 +
        "ELF program|0|7F'ELF'\n"u8;
}
