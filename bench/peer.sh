#!/bin/sh
# peer.sh TREE ROOT STORE SCRIPT: runs SCRIPT in fresh namespaces, as their PID 1, in a root of its own: TREE, with /dev, /run and /tmp
# in memory and STORE as /data. For bench/log, whose peers must neither meet what of theirs runs on this host nor leave anything there.
set -eu
tree=$1
root=$2
store=$3
script=$4

mount --make-rprivate /
mount --bind "$tree" "$root"
mount -o remount,bind,ro "$root"
cd "$root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 dev dev
mount -t tmpfs -o mode=755 sys sys
mkdir -p sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind "$store" data
for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
done
cp "$script" run/peer
# By its cgroup a program is a unit for journald, as under systemd; and what all processes of a peer need is counted there.
echo $$ >sys/fs/cgroup/system.slice/daemon.service/cgroup.procs
exec chroot . /bin/sh /run/peer
