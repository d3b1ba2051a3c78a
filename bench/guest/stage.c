#include "guest.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int compare(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the order of their names: bench/lib.sh has numbered them so that each finds what it depends on. */
static void load_modules(void) {
    struct dirent **names;
    int count = scandir("/modules", &names, NULL, compare);
    for (int i = 0; i < count; i++) {
        char path[300];
        if (names[i]->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/modules/%s", names[i]->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0 || (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST)) die(path);
        close(file);
        unlink(path);
    }
}

static void wait_for(const char *path) {
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++) sleep_ms(5);
}

static void mount_kernel(void) {
    mkdir("/dev", 0755);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/run", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755");
    open_proc();
}

/* A tmpfs over the read-only folders LOWER, as /newroot/root. */
static void mount_overlay(const char *lower) {
    char options[512];
    mkdir("/newroot", 0755);
    if (mount("tmpfs", "/newroot", "tmpfs", 0, "mode=0755") != 0) die("mount tmpfs");
    mkdir("/newroot/upper", 0755);
    mkdir("/newroot/work", 0755);
    mkdir("/newroot/root", 0755);
    snprintf(options, sizeof options, "upperdir=/newroot/upper,workdir=/newroot/work,lowerdir=%s", lower);
    if (mount("overlay", "/newroot/root", "overlay", 0, options) != 0) die(options);
}

static void enter_root(void) {
    const char *moved[] = { "/dev", "/proc", "/sys", "/run" };
    char target[64];
    for (int i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "/newroot/root%s", moved[i]);
        if (mount(moved[i], target, NULL, MS_MOVE, NULL) != 0) die(target);
    }
    if (chdir("/newroot/root") != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0) die("switch root");
}

static void execute_init(void) {
    int console = open("/dev/console", O_RDWR);
    for (int number = 0; number < 3; number++) dup2(console, number);
    if (console > 2) close(console);
    char *arguments[] = { "/sbin/init", NULL }, *environment[] = { "HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    execve("/sbin/init", arguments, environment);
    die("execute /sbin/init");
}

/* From /dev/vda, the root that all candidates share, below /dev/vdb, what only this candidate has. The watcher is started here. */
void hand_over(void) {
    char candidate[64], load[64], lower[400];
    mount_kernel();
    // Services that are not root's are marked too.
    chmod("/dev/kmsg", 0666);
    load_modules();
    wait_for("/dev/vda");
    wait_for("/dev/vdb");
    wait_for("/dev/vdc");

    // Whoever asks first for random numbers on a machine without a source of them waits until there are some. That is
    // a matter of the machine and not of a candidate: it is over before the hand-over.
    char random[8];
    if (getrandom(random, sizeof random, 0) < 0) die("getrandom");

    option_text("init", candidate, sizeof candidate);
    option_text("load", load, sizeof load);
    mkdir("/base", 0755);
    mkdir("/candidate", 0755);
    if (mount("/dev/vda", "/base", "squashfs", MS_RDONLY, NULL) != 0) die("mount /dev/vda");
    if (mount("/dev/vdb", "/candidate", "squashfs", MS_RDONLY, NULL) != 0) die("mount /dev/vdb");
    snprintf(lower, sizeof lower, "%s%s%s/candidate/%s:/candidate/common:/base",
        load[0] ? "/candidate/" : "", load, load[0] ? ":" : "", candidate);
    mount_overlay(lower);
    // This program is what the initramfs holds besides, and goes with it but for the watcher's pages.
    unlink("/init");
    enter_root();

    pid_t watcher = fork();
    if (watcher == 0) {
        watch_init();
        _exit(1);
    }
    say("hand-over");
    execute_init();
}

static void attach(const char *path, char *device, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC), control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (file < 0 || control < 0) die(path);
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    snprintf(device, size, "/dev/loop%d", number);
    int loop = open(device, O_RDONLY | O_CLOEXEC);
    struct loop_config config = { .fd = (unsigned)file, .info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
    if (number < 0 || loop < 0 || ioctl(loop, LOOP_CONFIGURE, &config) != 0) die(device);
    close(file);
    close(control);
    // Left open until the exec: without a user it would be free again before it is mounted.
}

/* Deletes what is in the initramfs and on no other file system, whose memory it would hold for good. */
static void empty(int folder, dev_t device) {
    DIR *list = fdopendir(folder);
    if (!list) return;
    for (struct dirent *entry; (entry = readdir(list));) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != device) continue;
        if (!S_ISDIR(status.st_mode)) {
            unlinkat(folder, entry->d_name, 0);
            continue;
        }
        empty(openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), device);
        unlinkat(folder, entry->d_name, AT_REMOVEDIR);
    }
    closedir(list);
}

/* From the squashfs on the CD: no search, no second try, no messages. */
void switch_root(void) {
    char device[32];
    struct stat initramfs;
    mount_kernel();
    load_modules();
    wait_for("/dev/sr0");
    mkdir("/medium", 0755);
    mkdir("/base", 0755);
    if (mount("/dev/sr0", "/medium", "iso9660", MS_RDONLY, NULL) != 0) die("mount /dev/sr0");
    attach("/medium/pandora/rootfs.squashfs", device, sizeof device);
    if (mount(device, "/base", "squashfs", MS_RDONLY, NULL) != 0) die("mount the root");
    mount_overlay("/base");
    int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || fstat(old, &initramfs) != 0) die("open /");
    enter_root();
    empty(old, initramfs.st_dev);
    execute_init();
}
