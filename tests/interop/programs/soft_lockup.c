// SPDX-License-Identifier: GPL-2.0-or-later
// A soft lockup, for linux_view_test.py: poll(2) lets no other task run if the kernel was booted with preempt=none. Each of its
// descriptors is an epoll(7) in an epoll in an epoll, which costs the kernel ten times as much as a pipe. The call took 24 s of a
// software CPU, and the kernel reports a lockup after 4.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { kDescriptors = 16 << 20, kNested = 4 };

static int set(const char* name, int value) {
    const int file = open(name, O_WRONLY);
    return file < 0 || dprintf(file, "%d", value) < 0 ? -1 : close(file);
}

/// A descriptor that is ready, behind as many epolls as Linux allows; -1 if there is none.
static int slow_descriptor(void) {
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) return -1;
    int watched = ends[0];
    for (int i = 0; i < kNested; ++i) {
        struct epoll_event event = {.events = EPOLLIN};
        const int outer = epoll_create1(0);
        if (outer < 0 || epoll_ctl(outer, EPOLL_CTL_ADD, watched, &event) != 0) return -1;
        watched = outer;
    }
    return watched;
}

int main(void) {
    const struct rlimit limit = {kDescriptors, kDescriptors};
    if (set("/proc/sys/fs/nr_open", kDescriptors) != 0 || setrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
    // Half of the time after which the kernel reports a lockup. Not from boot on: booting may be slow.
    if (set("/proc/sys/kernel/watchdog_thresh", 2) != 0) return 1;
    const int descriptor = slow_descriptor();
    struct pollfd* list = calloc(kDescriptors, sizeof *list);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(1, &one);
    if (descriptor < 0 || list == NULL || sched_setaffinity(0, sizeof one, &one) != 0) return 1;
    for (int i = 0; i < kDescriptors; ++i) list[i] = (struct pollfd){.fd = descriptor, .events = POLLIN};
    for (;;) poll(list, kDescriptors, 0);
}
