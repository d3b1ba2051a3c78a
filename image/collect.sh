# shellcheck shell=sh
# What mktree and mklayer share: which packages and programs there are for each layer, and how programs are collected, with the libraries
# that they need, out of a tree of unpacked packages. Sourced behind lib.sh.

# Files of the user's with more lines (--packages), one a line.
more=

# The layers of a medium when nobody names any.
# shellcheck disable=SC2034 # used by the tools
default_layers="base chroot"

# more_packages FILE: its lines count, too.
more_packages() {
    [ -f "$1" ] || die "$1: no such file"
    # The mistakes of a column too few or too many would show up much later, as programs that are in no package.
    mistake=$(awk -v file="$1" '
        { line = $0; sub(/#.*/, ""); if (NF == 0) next }
        NF != 4 || ($1 != "deb" && $1 != "alpine") {
            printf "%s:%d: %s: not four columns: deb or alpine, layer, package, programs with commas between\n", file, NR, line
            exit 1
        }' "$1") || die "$mistake"
    more="$more$(absolute "$1")
"
}

# package_lines: LAYER PACKAGE PROGRAM,... of image/packages and of --packages for this distribution.
package_lines() {
    { cat "$image/packages"; printf '%s' "$more" | while read -r list; do cat "$list"; done; } |
        awk -v distro="$(distro)" '{ sub(/#.*/, "") } $1 == distro { print $2, $3, $4 }'
}

# layer_names NAME...: the layers that are meant, a line each: `base` is none beyond the base, `full` is all.
layer_names() {
    names=$(package_lines | awk -v wanted="$*" '
        $1 != "base" && !known[$1]++ { all[++n] = $1; names = names " " $1 }
        END {
            count = split(wanted, word, " ")
            for (i = 1; i <= count; i++)
                if (word[i] == "full") for (j = 1; j <= n; j++) take[all[j]]
                else if (word[i] in known) take[word[i]]
                else if (word[i] != "base") {
                    printf "%s: unknown layer; known are: base%s, and full for all of them\n", word[i], names
                    exit 1
                }
            for (j = 1; j <= n; j++) if (all[j] in take) print all[j]
        }') || die "$names"
    [ -z "$names" ] || echo "$names"
}

# package_tree DIR "LAYERS": DIR with the packages of these layers, and of all that they depend on.
package_tree() {
    packages=$(package_lines | awk -v layers=" $2 " 'index(layers, " " $1 " ") && !seen[$2]++ { printf "%s%s", space, $2; space = " " }')
    case $(distro) in
        deb) "$image/mkdebchroot" "$1" "$packages" ;;
        alpine) "$image/mkapkchroot" "$1" "$packages" ;;
    esac
}

# resolve PATH: follows links inside the package tree, as a process with that root would.
resolve() {
    path=$1
    hops=0
    while [ -L "$from$path" ]; do
        hops=$((hops + 1))
        [ $hops -lt 16 ] || die "$1: too many links"
        target=$(readlink "$from$path")
        case $target in
            /*) path=$target ;;
            *) path=${path%/*}/$target ;;
        esac
    done
    echo "$path"
}

# pick PATH: copies one file of the package tree to the same place, unless what is below has it. Where PATH is a link, the file gets
# PATH's name: a library is found by its short name, and its long one would be a second copy.
pick() {
    if has "$1"; then return 0; fi
    folder=${1%/*}
    [ -d "$root$folder" ] || mkdir -p "$root$folder"
    cp -p "$from$(resolve "$1")" "$root$1"
}

# has PATH: it is collected already, here or in what is below.
has() {
    [ -e "$root$1" ] || { [ -n "$below" ] && [ -e "$below$1" ]; }
}

# find_in NAME "FOLDERS": its path in the first of the package tree's folders that has it.
find_in() {
    name=$1
    for folder in $2; do
        if [ -e "$from$folder/$name" ] || [ -L "$from$folder/$name" ]; then
            echo "$folder/$name"
            return 0
        fi
    done
    return 1
}

# collect LAYER FROM ROOT [BELOW]: the programs and files of LAYER, and the libraries that they need, out of the package tree FROM into
# ROOT; what BELOW has is left out.
collect() {
    layer=$1 from=$2 root=$3 below=${4:-}
    for folder in bin sbin lib lib64; do
        mkdir -p "$root/usr/$folder"
        [ -L "$root/$folder" ] || ln -s "usr/$folder" "$root/$folder"
    done

    package_lines | awk -v layer="$layer" '$1 == layer { gsub(/,/, "\n", $3); print $3 }' | while read -r program; do
        case $program in
            /*/)
                [ -d "$from$program" ] || die "$program: in none of the packages of $layer; look at its line in image/packages"
                mkdir -p "$root$program"
                cp -a "$from$program." "$root$program"
                continue
                ;;
            /*) path=$program ;;
            *) path=$(find_in "$program" "/usr/sbin /usr/bin /sbin /bin") ||
                die "$program: in none of the packages of $layer; look at its line in image/packages" ;;
        esac
        [ -e "$from$(resolve "$path")" ] || die "$path: in none of the packages of $layer; look at its line in image/packages"
        pick "$path"
    done
    case $(distro) in
        deb) library_folders="/usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu /usr/lib /lib" ;;
        alpine) library_folders="/usr/lib /lib" ;;
    esac

    # glibc loads it by name when a thread is cancelled (btrfs).
    if [ "$(distro)" = deb ]; then
        path=$(find_in libgcc_s.so.1 "$library_folders") || die "libgcc_s.so.1: in none of the packages of $layer"
        pick "$path"
    fi
    # What is needed by what is there, until nothing is missing.
    while :; do
        find "$root/usr" -type f | while read -r path; do
            readelf -dlW "$path" 2>/dev/null || : # no program
        done | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p; s/.*Requesting program interpreter: \(.*\)\]/\1/p' |
            sort -u >"$root.needed"
        missing=0
        while read -r library; do
            case $library in
                /*) path=$library ;;
                *) path=$(find_in "$library" "$library_folders") || die "$library: needed, but in none of the packages of $layer" ;;
            esac
            if ! has "$path"; then
                pick "$path"
                missing=1
            fi
        done <"$root.needed"
        [ $missing = 1 ] || break
    done
    rm "$root.needed"
}

# lay DIR ROOT: what DIR has takes the place of what ROOT has of that name: with its mode, as root's; hard links, setuid and extended
# attributes (capabilities) stay. A link in ROOT is replaced and never written through, but one to a folder stays where DIR has a folder
# (/bin). Folders that are there keep their modes.
lay() {
    top=$(cd "$2" && pwd -P)
    (cd "$1" && find . -type d) >"$scratch/.folders"
    while read -r folder; do
        [ -L "$top/$folder" ] || continue
        # Links of the tree that begin with / would lead into this host.
        case $(readlink -f "$top/$folder")/ in
            "$top"/*) ;;
            *) die "$1/${folder#./}: a link to $(readlink "$top/$folder") in the tree; put its files there" ;;
        esac
    done <"$scratch/.folders"
    # By a file: the exit code of the first program of a pipe is not seen.
    tar -C "$1" --xattrs --xattrs-include='*' --owner=0 --group=0 --numeric-owner -cf "$scratch/.laid.tar" . ||
        die "$1: cannot be read whole"
    tar -C "$2" --xattrs --xattrs-include='*' --numeric-owner --keep-directory-symlink --no-overwrite-dir -xpf "$scratch/.laid.tar" ||
        die "$1: does not fit upon the tree; a file cannot take the place of a folder there, nor a folder that of a file"
    rm "$scratch/.laid.tar" "$scratch/.folders"
}

# lay_own DIR ROOT: the same for files of this repository, whose modes are the umask's of who checked them out: git keeps x alone.
lay_own() {
    rm -rf "$scratch/.own"
    cp -R "$1" "$scratch/.own"
    chmod -R u=rwX,go=rX "$scratch/.own"
    lay "$scratch/.own" "$2"
    rm -rf "$scratch/.own"
}
