/*
 * The runtime reads /dev/urandom at its start, for the seed of its hash tables. On a machine without a hardware source
 * the kernel answers that first reader (Linux 5.18 and later) by gathering jitter for a second, and PID 1 would be that
 * reader at every boot. A hash seed need not be a secret, so it is taken as the kernel's pool stands (GRND_INSECURE,
 * Linux 5.6); what needs secrets (sshd, ssh-keygen) still waits for them. The linker puts this in place of the runtime's
 * own function (--wrap in Dora.Init.csproj).
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GRND_INSECURE 4

void __wrap_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length);

void __wrap_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length)
{
    int32_t done = 0;
    while (done < length) {
        long count = syscall(SYS_getrandom, buffer + done, (size_t)(length - done), GRND_INSECURE);
        if (count <= 0)
            break; /* an older kernel: zeros seed a hash as well, only the same way each time */
        done += (int32_t)count;
    }
    for (; done < length; done++)
        buffer[done] = 0;
}
