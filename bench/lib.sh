# shellcheck shell=sh
# What the benches share; sourced behind image/lib.sh.

# shellcheck disable=SC2154 # of image/lib.sh
bench=$repository/bench
image=$repository/image

# choose_clock WANTED: sets $accelerator, $cpu and $clock. /dev/kvm can be there and not work: without the CPU's own
# support, QEMU hangs on it. In software emulation the time of the machine is counted in instructions (one is 4 ns) and
# stands still while the host does something else: so the figures do not depend on what else the host does. --clock
# real turns that off.
choose_clock() {
    clock=$1
    if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
        accelerator=kvm cpu=host
        [ "${clock:-real}" = real ] || die "--clock counted: only in software emulation"
        clock=real
    else
        # shellcheck disable=SC2034 # of the benches
        accelerator=tcg cpu=max
        clock=${clock:-counted}
    fi
    case $clock in counted | real) ;; *) die "--clock $clock: unknown; counted and real are known" ;; esac
}

# known "NAMES" "ALL" WHAT: fails unless all names are among those.
known() {
    for name in $1; do
        case " $2 " in *" $name "*) ;; *) die "$name: unknown; ${3}known are $2" ;; esac
    done
}

# programs yes|no: sets $bin, made anew or as it is.
programs() {
    bin=$out/bin
    [ "$1" = no ] || bin=$("$image/publish")
    for program in init syslog dora; do
        [ -f "$bin/$program" ] || die "$bin/$program: not found; leave out --no-build, or run image/publish"
    done
}

# build_client NAME...: bench/NAME.c, of which the first has main, as $scratch/NAME of the first.
build_client() {
    client=$1
    for name in "$@"; do
        shift
        set -- "$@" "$bench/$name.c"
    done
    clang -std=c11 -Wall -Wextra -Werror -Os -static -s -o "$scratch/$client" "$@"
}

# build_guest FILE: bench/guest. With musl: with glibc it is 0.7 MB, which stay in the machine's memory as long as the watcher does.
build_guest() {
    musl-gcc -std=c11 -Wall -Wextra -Werror -Os -static -s -idirafter /usr/include -idirafter "/usr/include/$(uname -m)-linux-gnu" \
        -o "$1" "$bench"/guest/*.c
}

# module_paths KERNEL "NAMES": the files of these modules, below the version's folder, each behind what it depends on.
module_paths() {
    version=$(ls "$1/lib/modules")
    awk -v wanted="$2" '
        function name(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); return path }
        { colon = index($0, ":"); path = substr($0, 1, colon - 1); paths[name(path)] = path; deps[path] = substr($0, colon + 1) }
        END {
            n = split(wanted, list, " ")
            for (i = 1; i <= n; i++) {
                m = split(deps[paths[list[i]]], before, " ")
                for (j = m; j > 0; j--) if (!(before[j] in done)) { done[before[j]] = 1; print before[j] }
                if (paths[list[i]] != "" && !(paths[list[i]] in done)) { done[paths[list[i]]] = 1; print paths[list[i]] }
            }
        }' "$1/lib/modules/$version/modules.dep"
}

# our_tree KERNEL TREE: the root as image/mktree makes it, without init, syslog and dora.
our_tree() {
    mkdir "$scratch/no-programs"
    for program in init syslog dora; do
        printf '#!/bin/false\n' >"$scratch/no-programs/$program"
    done
    : >"$scratch/no-programs/components"
    DISTRO=deb "$image/mktree" --bin "$scratch/no-programs" --kernel "$1" "$2" >/dev/null
    rm -rf "$2/.pandora" "$2/usr/sbin/init" "$2/usr/lib/dora/syslog" "$2/usr/bin/dora" "$scratch/no-programs"
}

# add_packages TREE "PACKAGES": what Debian packages hold, under what is there: where both have a file, ours is taken.
add_packages() {
    "$image/mkdebchroot" "$scratch/packages" "$2" >&2
    [ ! -e "$scratch/packages/usr/sbin/init" ] || mv "$scratch/packages/usr/sbin/init" "$scratch/packages/usr/sbin/sysvinit"
    # Of finit's plug-ins the one that knows which service is up; the others set up what is set up here by bench/sysinit.
    find "$scratch/packages/usr/lib" -path '*/finit/plugins/*.so' ! -name pidfile.so -delete
    for folder in doc man locale info zoneinfo lintian bash-completion zsh perl perl5 polkit-1 dbus-1; do
        rm -rf "$scratch/packages/usr/share/$folder"
    done
    tar -c -C "$scratch/packages/usr" . | tar -x --skip-old-files -C "$1/usr"
    rm -rf "$scratch/packages"
    mkdir -p "$1/bench"
    # systemd reads the binary index, which ours does without. The warnings are about files that mktree has left out, and
    # about libraries that lie under their short name.
    depmod -b "$1" "$(ls "$1/lib/modules")" 2>/dev/null
    ldconfig -X -r "$1" 2>/dev/null
}

# pack_root TREE FILE: as image/mkrootfs packs. It leaves init as it is, so the program of every other init lies unpacked too (busybox's
# is the shell besides): how long the kernel takes to unpack PID 1 is no difference between inits.
pack_root() {
    say "packing $(du -sm "$1" | cut -f1) MB"
    unpacked=
    for program in busybox runit runsvdir runsv finit s6-svscan s6-supervise sysvinit openrc openrc-init supervise-daemon systemd; do
        unpacked="$unpacked${unpacked:+ || }name($program)"
    done
    mksquashfs "$1" "$2" -noappend -quiet -no-progress -all-root -no-xattrs -no-exports -no-fragments \
        -comp zstd -Xcompression-level 15 -b 32K -action "uncompressed@($unpacked) && type(f)" >&2
}

# contents FOLDER...: of all files in them.
contents() {
    find "$@" -type f | sort | while read -r file; do cat "$file"; done
}

# sources FILE...: for the key of a cache: these scripts, and what decides how our tree comes out.
sources() {
    cat "$@" "$bench/lib.sh" "$image/mktree" "$image/collect.sh" "$image/mkdebchroot" "$image/lib.sh" "$image/packages" "$repository/Directory.Build.props"
    contents "$image/rootfs" "$repository/docs/man"
    cat /var/lib/apt/lists/*Release 2>/dev/null || :
}

# start_qemu SECONDS MEMORY ARGUMENT...: one machine with one CPU and no screen, to its end, for so long of the host's time. Its
# console goes to $scratch/console: the last bytes are the only ones that a machine which hangs can tell.
start_qemu() {
    qemu_limit=$1 qemu_memory=$2
    shift 2
    [ "$clock" = real ] || set -- "$@" -icount shift=2,sleep=on
    nice timeout -k 5 "$qemu_limit" qemu-system-x86_64 -accel "$accelerator" -cpu "$cpu" -smp 1 -m "$qemu_memory" \
        -display none -nodefaults -no-user-config -no-reboot -serial "file:$scratch/console" "$@" </dev/null >"$scratch/qemu.log" 2>&1 &
    qemu=$!
    trap 'kill "$qemu" 2>/dev/null || :; clean_up' EXIT
    wait $qemu || true
    trap clean_up EXIT
}
