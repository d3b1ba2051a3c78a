/*
 * silent-fuse FOLDER: mounts a file system whose server answers the first greeting and nothing after it: whoever touches
 * it waits in the kernel (state D) and cannot be killed, as with a lost disk, until this program is. Prints "mounted".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char options[128], request[1 << 18];
    int fuse = argc == 2 ? open("/dev/fuse", O_RDWR) : -1;
    if (fuse < 0) { perror("/dev/fuse"); return 1; }
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    if (mount("silent", argv[1], "fuse", 0, options) != 0) { perror("mount"); return 1; }
    printf("mounted\n");
    fflush(stdout);
    while (read(fuse, request, sizeof request) > 0) {
        struct fuse_in_header *in = (struct fuse_in_header *)request;
        if (in->opcode != FUSE_INIT) continue;
        struct { struct fuse_out_header head; struct fuse_init_out init; } out;
        memset(&out, 0, sizeof out);
        out.head.len = sizeof out;
        out.head.unique = in->unique;
        out.init.major = FUSE_KERNEL_VERSION;
        out.init.minor = FUSE_KERNEL_MINOR_VERSION;
        out.init.max_write = 1 << 16;
        if (write(fuse, &out, sizeof out) < 0) { perror("write"); return 1; }
    }
    return 0;
}
