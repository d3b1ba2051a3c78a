#!/bin/sh
# enter.sh ROOT FILES: runs in fresh namespaces (pid, mount, net, uts, ipc, cgroup) as their PID 1: builds a small root
# from the host's programs and FILES, and becomes init there. What init must not reach on this host is out of its reach:
# sysctls and sysrq are read-only, /dev is a tmpfs with a few nodes, /dev/kmsg is a plain file that the tests read.
set -eu
root=$1
files=$2

mount --make-rprivate /
mount -t tmpfs -o size=256m,mode=755 pandora "$root"
cd "$root"
mkdir -p proc sys dev run tmp etc root var usr
chmod 1777 tmp
mount --bind /usr usr
mount -o remount,bind,ro usr
for folder in bin sbin lib lib32 lib64 libx32; do
    if [ -L /$folder ]; then
        cp -P /$folder $folder
    elif [ -d /$folder ]; then
        mkdir $folder
        mount --bind /$folder $folder
        mount -o remount,bind,ro $folder
    fi
done
cp -R "$files/." .

mount -t proc proc proc
for entry in proc/sys proc/sysrq-trigger; do
    [ -e $entry ] || continue
    mount --bind $entry $entry
    mount -o remount,bind,ro $entry
done
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 dev/${node%:*} c 1 ${node#*:}
done
mknod -m 666 dev/tty c 5 0
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
# Nobody reads a console here, and nothing may block on one.
if [ ! -e etc/test-no-console ]; then mknod -m 600 dev/console c 1 3; fi
: >dev/kmsg
# What a test asks for by a file: another kernel command line, and a watchdog that only counts what it is fed.
if [ -e etc/test-cmdline ]; then mount --bind etc/test-cmdline proc/cmdline; fi
if [ -e etc/test-watchdog ]; then : >dev/watchdog; fi
# A folder of this host is the machine's storage.
if [ -e etc/test-storage ]; then mount --bind "$(cat etc/test-storage)" data; fi
ip link set lo up
# As after a boot: a root that is not the mount namespace's own would forbid user namespaces.
mount --move . /
# A guard that may open no descriptors, and may not raise that limit either.
if [ -e etc/test-nofile ]; then
    nofile=$(cat etc/test-nofile)
    exec setpriv --bounding-set -sys_resource prlimit --nofile="$nofile" chroot . /pandora/init
fi
exec chroot . /pandora/init
