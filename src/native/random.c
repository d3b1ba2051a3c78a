/*
 * The runtime's two sources of random bytes (libSystem.Native, pal_random.c), which would be reads of /dev/urandom.
 *
 * On a machine without RDRAND, such a read early in boot makes the kernel collect entropy from timer jitter on the
 * spot: 1.2 s in which PID 1 stands still, for the seed of a hash table. GRND_INSECURE (Linux 5.6) never waits, and it
 * is what such a seed needs: whoever could guess it would have to know the first second of this boot.
 * What asks for secure bytes gets them, and waits.
 *
 * Defined here, they are taken instead of the library's, which is linked after us.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#ifndef GRND_INSECURE
#define GRND_INSECURE 0x0004
#endif

static int fill(uint8_t *buffer, int32_t length, unsigned flags)
{
    for (int32_t done = 0; done < length;) {
        ssize_t count = getrandom(buffer + done, (size_t)(length - done), flags);
        if (count > 0)
            done += (int32_t)count;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

void SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length)
{
    /* It may not fail; on a kernel without the flag the buffer stays as it is. */
    (void)fill(buffer, length, GRND_INSECURE);
}

int32_t SystemNative_GetCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length)
{
    return fill(buffer, length, 0);
}
