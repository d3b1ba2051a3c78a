# shellcheck shell=sh
# What the packers share; sourced behind image/lib.sh. A packer takes the folder of the parts (see mkimage), makes one artefact
# of them there and prints its path. With --check it only looks whether it has the tools that it needs.

usage="usage: ${0##*/} DIR | --check"
[ $# = 1 ] || die "$usage"

# parts DIR: sets $parts, and fails if one of them is not there.
parts() {
    parts=$(absolute "$1")
    for part in vmlinuz initramfs.img rootfs.squashfs build cmdline cmdline-embedded; do
        [ -f "$parts/$part" ] || die "$parts/$part: not found; image/mkimage makes it"
    done
}

# find_file PATH...: the first that is there, where a tool's own files lie.
find_file() {
    for path in "$@"; do
        if [ -f "$path" ]; then
            echo "$path"
            return 0
        fi
    done
    die "$1: not found; run image/prepare"
}

stub() {
    find_file /usr/lib/systemd/boot/efi/linuxx64.efi.stub
}

# layers: their files, below $parts, in the order in which they are stacked.
layers() {
    [ ! -d "$parts/layers" ] || (cd "$parts" && find -L layers -type f ! -name '*.cdx.json' | sort)
}

# embedded_layers: those of them that come along where the root is in the initramfs.
embedded_layers() {
    [ -f "$parts/layers-embedded" ] || return 0
    layers | while read -r layer; do
        name=${layer##*/}
        ! grep -qFx "${name%.*}" "$parts/layers-embedded" || echo "$layer"
    done
}

# medium FOLDER: what the initramfs looks for on a boot medium.
medium() {
    mkdir -p "$1"
    cp "$parts/rootfs.squashfs" "$parts/build" "$1/"
    layers | while read -r layer; do
        mkdir -p "$1/layers"
        cp "$parts/$layer" "$1/layers/"
    done
}

# part_sizes: for people.
part_sizes() {
    printf '%s' "kernel $(size "$parts/vmlinuz"), initramfs $(size "$parts/initramfs.img"), root $(size "$parts/rootfs.squashfs")"
    layers | while read -r layer; do
        printf '%s' ", ${layer#layers/} $(size "$parts/$layer")"
    done
}

# uki INITRAMFS COMMAND-LINE FILE: a unified kernel image: one PE file that holds kernel, initramfs and command line, so that there
# is one thing to sign, and it is signed if there is a key. Kernel and initramfs begin on multiples of 2048 in the file, so that they
# can be found by sectors (pack/iso does): the text before them is as long as it takes, and the kernel is padded.
uki() {
    cp "$image/rootfs/etc/os-release" "$scratch/osrel"
    printf '%s' "$(cat "$2")" >"$scratch/uki-cmdline"
    cp "$parts/vmlinuz" "$scratch/uki-kernel"
    truncate -s %2048 "$scratch/uki-kernel"
    printf . >"$scratch/dot"
    sections "$scratch/dot" "$scratch/dot" "$3"
    over=$(($(section "$3" .linux) % 2048))
    head -c $(((2048 - over) % 2048)) /dev/zero | tr '\0' '\n' >>"$scratch/osrel"
    sections "$scratch/uki-kernel" "$1" "$3"
    if [ -n "${PANDORA_SIGN_KEY:-}" ]; then
        sbsign --key "$PANDORA_SIGN_KEY" --cert "$PANDORA_SIGN_CERT" --output "$3.signed" "$3" >&2 || die "$3: sbsign failed"
        mv "$3.signed" "$3"
    fi
}

# sections KERNEL INITRAMFS FILE: the stub with all sections; behind its last one, each on a page of its own in memory.
sections() {
    page=4096
    stub=$(stub)
    last=$(objdump -h -w "$stub" | awk '$1 ~ /^[0-9]+$/ { size = $3; address = $4 } END { print "0x" address, "0x" size }')
    next=$(((${last% *} + ${last#* } + page - 1) / page * page))
    to=$3
    set -- .osrel "$scratch/osrel" .cmdline "$scratch/uki-cmdline" .linux "$1" .initrd "$2"
    while [ "${1#.}" != "$1" ]; do
        name=$1 path=$2
        shift 2
        set -- "$@" --add-section "$name=$path" --change-section-vma "$name=$(printf '0x%x' $next)"
        next=$(((next + $(bytes "$path") + page - 1) / page * page))
    done
    objcopy "$@" "$stub" "$to"
    # objcopy writes the time of day into the header, and a checksum over it, which nobody asks for: PE/COFF 3.3.1 and 3.4.2.
    pe=$(number "$to" 60 4)
    for at in $((pe + 8)) $((pe + 88)); do
        head -c 4 /dev/zero | dd of="$to" bs=1 seek="$at" conv=notrunc status=none
    done
}

# bios_menu: what isolinux and syslinux are to do: no prompt unless a key such as Shift is held, on the screen and the first serial line.
bios_menu() {
    cat <<END
serial 0 115200
default pandora
prompt 0
timeout 0
label pandora
    linux /boot/vmlinuz
    initrd /boot/initramfs.img
    append $(cat "$parts/cmdline")
END
}

# root_archive: the root and the layers that come along with it as an initramfs that is loaded behind the other one. Not packed again: they are.
root_archive() {
    mkdir -p "$scratch/root/pandora"
    cp "$parts/rootfs.squashfs" "$scratch/root/pandora/rootfs.squashfs"
    embedded_layers | while read -r layer; do
        mkdir -p "$scratch/root/pandora/layers"
        cp "$parts/$layer" "$scratch/root/pandora/layers/"
    done
    chmod -R u=rwX,go=rX "$scratch/root"
    pack_cpio "$scratch/root"
}

# section UKI NAME: where in the file its content begins.
section() {
    echo $((0x$(objdump -h -w "$1" | awk -v name="$2" '$2 == name { print $6 }')))
}

# number FILE OFFSET BYTES: the little-endian number there.
number() {
    od -An -v -tu1 -j "$2" -N "$3" "$1" | awk '{ for (i = NF; i > 0; i--) n = n * 256 + $i } END { printf "%d\n", n }'
}

# in_fat IMAGE PATH: where in IMAGE, a FAT file system, the file begins that was copied into it first of all: in one piece.
in_fat() {
    cluster=$(MTOOLS_SKIP_CHECK=1 mshowfat -i "$1" "$2" | sed -n 's/.*<\([0-9]*\)-[0-9]*>$/\1/p')
    [ -n "$cluster" ] || die "$2: does not lie in one piece in the file system for UEFI"
    sector=$(number "$1" 11 2)
    root=$((($(number "$1" 14 2) + $(number "$1" 16 1) * $(number "$1" 22 2)) * sector))
    echo $((root + $(number "$1" 17 2) * 32 + (cluster - 2) * $(number "$1" 13 1) * sector))
}

# fat FILE LABEL SERIAL KIB: an empty file system, the same bytes for the same arguments.
fat() {
    rm -f "$1"
    mkfs.fat -C -n "$2" -i "$3" --invariant "$1" "$4" >/dev/null
}
