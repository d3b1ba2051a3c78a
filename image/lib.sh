# shellcheck shell=sh
# What the tools of this folder share; sourced, never run. A tool prints the path of what it made on stdout and nothing
# else there, so that tools compose by command substitution; everything for people goes to stderr.

image=$(cd "$(dirname "$0")" && pwd)
image=${image%/pack}
repository=$(dirname "$image")
# shellcheck disable=SC2034 # used by the tools
out=${PANDORA_OUT:-$repository/out}

# The same input gives the same bytes: every file time is this one. 1980-01-01 is the first day that FAT can express.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800}
export SOURCE_DATE_EPOCH
# Sorting and number formats do not depend on who builds.
LC_ALL=C
export LC_ALL
# Nor on where: ISO 9660 and FAT hold local times.
TZ=UTC0
export TZ
umask 022

say() {
    echo "${0##*/}: $*" >&2
}

die() {
    say "$*"
    exit 1
}

need() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || die "$program: not found; run image/prepare"
    done
}

need_root() {
    [ "$(id -u)" = 0 ] || die "must run as root: package trees hold root's files"
}

# What is removed when the tool ends, a line each.
leavings=

# remove_at_exit PATH: PATH is gone when the tool ends, however it ends. A trap of a tool's own has clean_up in it. What a subshell names
# here goes only by what it does itself.
remove_at_exit() {
    if [ -z "$leavings" ]; then
        trap clean_up EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
    fi
    leavings="$leavings$1
"
}

clean_up() {
    printf '%s' "$leavings" | while IFS= read -r leaving; do rm -rf "$leaving" || :; done
}

# scratch: sets $scratch to a folder that is gone when the tool ends, however it ends.
scratch() {
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/pandora.XXXXXX" 2>/dev/null) ||
        die "${TMPDIR:-/tmp}: no folder can be made there; TMPDIR names another place"
    remove_at_exit "$scratch"
}

# put FILE TARGET: moves FILE to TARGET at once, so that an interrupted tool leaves no half file under its final name, and none beside it.
put() {
    [ -f "$1" ] || die "$1: not found, and is to be $2"
    put_by -f "$1" "$2"
}

# put_tree FOLDER TARGET: the same for a folder, with owners, times and links as they are. A folder that TARGET was is gone.
put_tree() {
    put_by -a "$1" "$2"
}

# replaceable FOLDER MARK PATTERN: FOLDER is missing or empty, or ours: its file MARK has a line like PATTERN.
replaceable() {
    [ ! -e "$1" ] || [ -z "$(ls -A "$1")" ] || grep -qs "$3" "$1/$2"
}

# put_by OPTION FILE TARGET: what they share; the option is cp's.
put_by() {
    remove_at_exit "$3.new.$$"
    if ! why=$({ mkdir -p "$(dirname "$3")" && rm -rf "$3.new.$$" && cp "$1" "$2" "$3.new.$$"; } 2>&1); then
        rm -rf "$3.new.$$"
        die "$3: cannot be written; is there room? ($(echo "$why" | tail -n 1))"
    fi
    # A folder cannot be renamed onto another that is not empty.
    [ "$1" != -a ] || rm -rf "$3"
    mv "$3.new.$$" "$3"
}

bytes() {
    wc -c <"$1" | tr -d ' '
}

size() {
    bytes "$1" | awk '{ printf "%.2f MB", $1 / 1000000 }'
}

# Absolute path of a file or folder that may not exist yet. With no slash at its end: names are made of it.
absolute() {
    case $1 in
        /*) set -- "$1" ;;
        *) set -- "$PWD/$1" ;;
    esac
    set -- "$(printf '%s\n' "$1" | sed 's:\(/\.\{0,1\}\)*$::')"
    printf '%s\n' "${1:-/}"
}

# quoted WORD: as a shell reads it back.
quoted() {
    case $1 in
        *[!A-Za-z0-9/._-]* | '') printf "'%s'\n" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

# The package back end: deb or alpine. What the host is, unless DISTRO says otherwise.
distro() {
    case ${DISTRO:-} in
        deb | debian) echo deb ;;
        apk | alpine) echo alpine ;;
        '') if [ -f /etc/alpine-release ]; then echo alpine; else echo deb; fi ;;
        *) die "DISTRO=$DISTRO: unknown; deb and alpine are known" ;;
    esac
}

# apk_sources: sets where Alpine's packages come from: what the host's own apk uses, or PANDORA_APK_REPOSITORIES and PANDORA_APK_KEYS.
apk_sources() {
    command -v apk >/dev/null 2>&1 ||
        die "apk: not found; build on Alpine or with Dockerfile.build, or leave DISTRO=alpine out (apk has no package on Debian)"
    # Absolute: apk takes other paths for ones below its root.
    apk_repositories=$(absolute "${PANDORA_APK_REPOSITORIES:-/etc/apk/repositories}")
    apk_keys=$(absolute "${PANDORA_APK_KEYS:-/etc/apk/keys}")
    [ -f "$apk_repositories" ] || die "$apk_repositories: no list of repositories; PANDORA_APK_REPOSITORIES names another"
    [ -d "$apk_keys" ] || die "$apk_keys: no folder of keys; PANDORA_APK_KEYS names another"
}

# apk_root ROOT: an empty root that apk can look things up with.
apk_root() {
    mkdir -p "$1"
    apk --root "$1" --keys-dir "$apk_keys" --repositories-file /dev/null --no-cache --initdb add >/dev/null ||
        die "$1: apk cannot make its database there"
}

# apk_in ROOT ARGUMENT...: apk with a root of its own. What it says when it fails comes behind our own first line: it tells apart a
# repository that cannot be used, which apk only warns of, and a package that is in none.
apk_in() {
    mkdir -p "$1"
    if apk --root "$@" --keys-dir "$apk_keys" --repositories-file "$apk_repositories" --no-cache --no-progress 2>"$scratch/apk.errors"; then
        cat "$scratch/apk.errors" >&2
        return 0
    fi
    why=$(sed -n '/^WARNING: /{s///p; q;}' "$scratch/apk.errors")
    missing=$(sed -n 's/^ *\([^ ]*\) (no such package):*$/\1/p
        s/^\(ERROR: \)*\([^ :]*\): unable to select package (.*/\2/p' "$scratch/apk.errors" | tr '\n' ' ')
    case $why in
        *UNTRUSTED* | *"BAD "*) say "$why; the public key of the repository goes into $apk_keys, or PANDORA_APK_KEYS names its folder" ;;
        ?*) say "$why; mend $apk_repositories, or PANDORA_APK_REPOSITORIES names another list" ;;
        *)
            if [ -n "$missing" ]; then
                say "${missing% }: in none of the repositories; mend the name (image/packages, --packages) or the list $apk_repositories" \
                    "(PANDORA_APK_REPOSITORIES)"
            else
                say "apk failed with the repositories of $apk_repositories:"
            fi
            ;;
    esac
    cat "$scratch/apk.errors" >&2
    return 1
}

# What is slow to fetch is kept as a tar file named for the hash of all that decides its content. The cache is a
# convenience: without it, or when it cannot be written, everything is made anew. PANDORA_CACHE=none turns it off.
cache=${PANDORA_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pandora}

# hash: of stdin, short enough for a file name.
hash() {
    sha256sum | cut -c1-24
}

# cache_get NAME FOLDER: fills FOLDER from the cache, or fails without having touched it. FOLDER is the caller's to replace.
cache_get() {
    [ "$cache" != none ] && [ -s "$cache/$1.tar.zst" ] || return 1
    remove_at_exit "$2.new.$$"
    rm -rf "$2.new.$$"
    # tar starts zstd itself: so damage behind the last file is a failure, too.
    if why=$({ mkdir -p "$2.new.$$" && tar -xp -I zstd -f "$cache/$1.tar.zst" -C "$2.new.$$"; } 2>&1); then
        touch "$cache/$1.tar.zst" 2>/dev/null || : # somebody else's cache
        rm -rf "$2"
        mv "$2.new.$$" "$2"
        say "$2: from the cache ($1)"
        return 0
    fi
    rm -rf "$2.new.$$"
    if zstd -qt "$cache/$1.tar.zst" 2>/dev/null; then
        case $2 in
            "${TMPDIR:-/tmp}"/*) elsewhere="; TMPDIR names another folder" ;;
            *) elsewhere= ;;
        esac
        die "$2: cannot be filled from the cache (no space?$elsewhere): $(echo "$why" | head -n 1)"
    fi
    say "$cache/$1.tar.zst: unreadable; removed"
    rm -f "$cache/$1.tar.zst"
    return 1
}

# cache_put NAME FOLDER: keeps FOLDER; what was not used for a month goes. Only what has a name of the cache: other files may be in the
# folder. One that is gone already is as good: another build looks at the same time.
cache_put() {
    [ "$cache" != none ] || return 0
    remove_at_exit "$cache/$1.$$"
    remove_at_exit "$cache/$1.$$.zst"
    if mkdir -p "$cache" && tar -c -C "$2" . >"$cache/$1.$$" && zstd -q -3 -T0 --rm "$cache/$1.$$" -o "$cache/$1.$$.zst" &&
        mv "$cache/$1.$$.zst" "$cache/$1.tar.zst"; then
        any='[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
        any=$any$any$any$any
        find "$cache" -maxdepth 1 -type f \( -name "*-$any.tar.zst" -mtime +30 -o -name "*-$any.[0-9]*" -mtime +1 \) -delete \
            2>/dev/null || :
    else
        rm -f "$cache/$1.$$" "$cache/$1.$$.zst"
        say "$cache: not writable; going on without the cache"
    fi
}

# fetch ADVICE COMMAND...: runs COMMAND, which fetches packages. What it says comes behind a line of ours when it fails. Kept in memory: the
# file system may be what is full.
fetch() {
    advice=$1
    shift
    if log=$("$@" 2>&1); then
        [ -z "$log" ] || echo "$log" >&2
        return 0
    fi
    case $log in
        *"Unable to locate package "*)
            missing=$(echo "$log" | sed -n 's/^E: Unable to locate package //p' | tr '\n' ' ')
            say "${missing% }: in none of the packages of ${advice%%;*}; see image/packages (and --packages)"
            ;;
        *"No space left"* | *"enough free space"*)
            say "packages cannot be unpacked: no space in ${TMPDIR:-/tmp}; TMPDIR names another folder"
            ;;
        *) say "packages cannot be fetched from $advice" ;;
    esac
    echo "$log" >&2
    exit 1
}

# copy_modules KERNEL TREE: copies the modules whose paths (below the version's folder) come on stdin, with all that
# they depend on, from KERNEL/lib/modules to TREE/lib/modules, and indexes them there. Only what a reader of text needs
# is kept of the indexes: kmod's binary ones would double them.
copy_modules() {
    version=$(ls "$1/lib/modules")
    from=$1/lib/modules/$version
    to=$2/lib/modules/$version
    mkdir -p "$to"
    # modules.dep is already closed: each line holds the dependencies of the dependencies too. A softdep is followed by
    # name and by alias, since it is what the kernel would otherwise ask modprobe for.
    awk -v dir="$from" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        function take(path,    n, list, i) {
            if (path in taken) return
            taken[path] = 1
            n = split(deps[path], list, " ")
            for (i = 1; i <= n; i++) take(list[i])
            n = split(soft[name(path)], list, " ")
            for (i = 1; i <= n; i++)
                if (list[i] in paths) take(paths[list[i]])
                else if (list[i] in alias) take(paths[alias[list[i]]])
        }
        BEGIN {
            while ((getline line < (dir "/modules.dep")) > 0) {
                colon = index(line, ":"); path = substr(line, 1, colon - 1)
                deps[path] = substr(line, colon + 1); paths[name(path)] = path
            }
            while ((getline line < (dir "/modules.alias")) > 0) {
                split(line, word, " "); gsub(/-/, "_", word[2])
                if (word[3] in paths) alias[word[2]] = word[3]
            }
            while ((getline line < (dir "/modules.softdep")) > 0) {
                n = split(line, word, " "); gsub(/-/, "_", word[2])
                for (i = 3; i <= n; i++) if (word[i] !~ /:$/) { gsub(/-/, "_", word[i]); soft[word[2]] = soft[word[2]] " " word[i] }
            }
        }
        { if ($0 in deps) take($0) }
        END { for (path in taken) print path }
    ' | sort | (cd "$from" && tar -c -T -) | tar -x -C "$to"
    cp "$from/modules.order" "$from/modules.builtin" "$to"
    [ ! -f "$from/modules.builtin.modinfo" ] || cp "$from/modules.builtin.modinfo" "$to"
    depmod -b "$2" "$version"
    (cd "$to" && rm -f ./*.bin modules.symbols modules.devname modules.order modules.builtin.modinfo modules.builtin.alias)
}

# pack_cpio FOLDER: an archive of FOLDER for the kernel, with nothing in it that depends on the building machine.
pack_cpio() {
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    (cd "$1" && find . -mindepth 1 | sed 's|^\./||' | sort | cpio -o -H newc -R 0:0 --reproducible --quiet)
}

# check_signing KEY CERTIFICATE: fails unless they can sign for Secure Boot and belong to each other.
check_signing() {
    if [ -z "$1" ] || [ -z "$2" ]; then die "--sign-key and --sign-cert: the one needs the other"; fi
    need sbsign openssl
    openssl pkey -in "$1" -noout 2>/dev/null || die "$1: not a private key that openssl can read (PEM)"
    openssl x509 -in "$2" -noout 2>/dev/null || die "$2: not a certificate that openssl can read (PEM)"
    [ "$(openssl pkey -in "$1" -pubout)" = "$(openssl x509 -in "$2" -pubkey -noout)" ] || die "$2: is not the certificate of $1"
}
