# shellcheck shell=sh
# shellcheck disable=SC2154 # what its caller has set
# Init in namespaces of this host for bench/service and bench/api; sourced, never run. Needs $scratch, $bin, $repository and
# the program $scratch/service, and a trap that calls end_machine.

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$cgroups" ] || die "no cgroup2 is mounted on this host"
cgroup=$cgroups/${scratch##*/}
holder=

# Its PID 1 goes with the process that holds the namespaces, and all others with PID 1; their cgroups are empty a moment later.
end_machine() {
    [ -n "$holder" ] || return 0
    kill -9 "$holder" 2>/dev/null || true
    wait "$holder" 2>/dev/null || true
    holder=
    tries=0
    while [ -d "$cgroup" ] && [ "$tries" -lt 200 ]; do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ ! -d "$cgroup" ] || sleep 0.05
        tries=$((tries + 1))
    done
    [ ! -d "$cgroup" ] || say "$cgroup: cannot be removed"
    rm -rf "$scratch/root" "$scratch/files"
}

service() {
    cat >"$scratch/files/etc/dora/services/$1.yaml"
}

# machine COUNT: init in namespaces of its own, as the tests have it (enter.sh), with syslog, COUNT services that run, and
# what the function of the second argument adds. Sets $init and $socket.
machine() {
    mkdir -p "$scratch/root" "$scratch/files/pandora" "$scratch/files/etc/dora/services"
    cp "$bin/init" "$bin/syslog" "$bin/dora" "$scratch/service" "$scratch/files/pandora/"
    printf 'root:x:0:0:root:/root:/bin/sh\nplain:x:1234:1235:Plain:/tmp:/bin/sh\n' >"$scratch/files/etc/passwd"
    printf 'root:x:0:\nplain:x:1235:\n' >"$scratch/files/etc/group"
    printf 'command: [/pandora/syslog]\nuser: plain\nlogger: true\nrestart: always\n' | service syslog
    number=1
    while [ "$number" -lt "$1" ]; do
        printf 'description: number %s of many\ncommand: [/pandora/service, pause]\n' $number | service "many-$number"
        number=$((number + 1))
    done
    [ -z "${2:-}" ] || "$2"
    mkdir "$cgroup"
    # The inner shell's words are its own: $1 is the cgroup.
    # shellcheck disable=SC2016
    sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec unshare --pid --fork --kill-child --mount --net --uts --ipc --cgroup sh "$@"' \
        sh "$cgroup" "$repository/tests/Dora.Namespace.Tests/Harness/enter.sh" "$scratch/root" "$scratch/files" </dev/null >"$scratch/machine.log" 2>&1 &
    holder=$!
    tries=0
    until init=$(cat "/proc/$holder/task/$holder/children" 2>/dev/null) && init=${init% } && socket=/proc/$init/root/run/dora/dora.sock &&
        timeout 10 "$bin/dora" --socket "$socket" service list --json >"$scratch/list" 2>/dev/null &&
        [ "$(grep -o '"state":"running"' "$scratch/list" | wc -l)" -ge "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || { cat "$scratch/machine.log" "$scratch/list" >&2; die "init did not come up with $1 services"; }
        sleep 0.1
    done
    # What it does once after it came up is over.
    sleep 3
}
