// SPDX-License-Identifier: GPL-2.0-or-later
// A soft lockup, for linux_view_test.py: poll(2) of millions of descriptors takes seconds, and lets no other task run if the
// kernel was booted with preempt=none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kDescriptors = 8 << 20 };

int main(void) {
    const struct rlimit limit = {kDescriptors, kDescriptors};
    int ends[2];
    const int most = open("/proc/sys/fs/nr_open", O_WRONLY);
    if (most < 0 || dprintf(most, "%d", kDescriptors) < 0) return 1;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || pipe(ends) != 0) return 1;
    struct pollfd* list = calloc(kDescriptors, sizeof *list);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(1, &one);
    if (list == NULL || sched_setaffinity(0, sizeof one, &one) != 0) return 1;
    for (int i = 0; i < kDescriptors; ++i) list[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    for (;;) poll(list, kDescriptors, 0);
}
