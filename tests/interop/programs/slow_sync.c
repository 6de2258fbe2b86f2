/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into guestdump: the n-th fsync(), counted from 0, blocks, as on a slow disk, until the test has opened and
 * closed the FIFO whose name is SLOW_SYNC followed by n.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fsync(int fd) {
    static unsigned calls;
    char name[PATH_MAX], byte;
    const char *const names = getenv("SLOW_SYNC");
    snprintf(name, sizeof name, "%s%u", names ? names : "/nonexistent/", calls++);
    const int fifo = open(name, O_RDONLY | O_CLOEXEC);
    while (fifo >= 0 && read(fifo, &byte, 1) > 0) continue;
    if (fifo >= 0) close(fifo);
    int (*real)(int);
    void *const found = dlsym(RTLD_NEXT, "fsync");
    memcpy(&real, &found, sizeof real);
    return real(fd);
}
