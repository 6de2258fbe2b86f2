/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Preloaded into guestdump: the first pwrite() takes SLOW_DISK seconds, as on a disk that is overloaded. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static ssize_t slow_pwrite(const char *name, int fd, const void *bytes, size_t size, off_t offset) {
    static atomic_flag called = ATOMIC_FLAG_INIT;
    const char *const seconds = getenv("SLOW_DISK");
    if (seconds && !atomic_flag_test_and_set(&called)) sleep((unsigned)atoi(seconds));
    ssize_t (*real)(int, const void *, size_t, off_t);
    void *const found = dlsym(RTLD_NEXT, name);
    memcpy(&real, &found, sizeof real);
    return real(fd, bytes, size, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return slow_pwrite("pwrite", fd, bytes, size, offset);
}

/* The name of pwrite() in programs that are built with _FILE_OFFSET_BITS=64. */
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) {
    return slow_pwrite("pwrite64", fd, bytes, size, offset);
}
