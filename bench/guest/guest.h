/*
 * What bench/init and bench/boot put into their machines: one static program, so that every candidate is started, watched
 * and measured by the same code. It is
 *
 *   /init in the initramfs   for the peers (stage.c): what leads to the root, as lean as can be, and then the candidate as
 *                            PID 1 in its place, with the descriptors and mounts that an initramfs leaves it;
 *   /bench in the initramfs  bench/boot's probe, for all candidates (main.c): the kernel starts it before /init (rdinit=), it
 *                            starts the watcher and becomes /init;
 *   the watcher              a child of PID 1 from before the hand-over (watch.c). It asks 127.0.0.1:22 for an ssh banner and
 *                            looks for an address every 5 ms, waits until the machine has settled, reads /proc (report.c),
 *                            writes the report to a disk or a serial line, and cuts the power;
 *   mark NAME PROGRAM...     says "bench: mark NAME" and becomes PROGRAM: what every service of bench/init is started through.
 *
 * bench/init's times are the kernel's own, of the lines in /dev/kmsg: one clock, whoever writes. bench/boot's are the
 * processor's time stamp counter, which is 0 at power-on. Nothing here waits for ever.
 */
#ifndef GUEST_H
#define GUEST_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdint.h>
#include <sys/types.h>

/* common.c */
extern int s_proc; /* /proc, held open: the watcher of bench/boot lives in a root that has none */
void open_proc(void);
ssize_t read_proc(const char *path, char *buffer, size_t size);
void say(const char *format, ...);
void die(const char *what);
void sleep_ms(long ms);
long now_ms(void);
uint64_t ticks(void);
long option(const char *name, long otherwise);
void option_text(const char *name, char *text, size_t size);

/* report.c */
void report_memory(FILE *report);
void report_log(FILE *report);
void report_processes(FILE *report);
void report_idle(FILE *report, long seconds);

/* watch.c */
void watch_init(void);
void watch_boot(int line, uint64_t start);

/* stage.c */
void hand_over(void);   /* bench/init: from two disks */
void switch_root(void); /* bench/boot: from the CD */

#endif
