// SPDX-License-Identifier: GPL-2.0-or-later
// 20,000 tasks that sleep, for tests/bench/look_bench.py: processes with many threads each.
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { kProcesses = 20, kThreads = 999, kMost = 60000 };

static void set(const char* path, int value) {
    const int file = open(path, O_WRONLY);
    if (file < 0 || dprintf(file, "%d", value) < 0) exit(1);
    close(file);
}

static void* wait_as_thread(void* unused) {
    (void)unused;
    pause();
    return NULL;
}

static void run_threads(int told) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, wait_as_thread, NULL) != 0) _exit(1);
    }
    if (write(told, "", 1) != 1) _exit(1);
    pause();
    _exit(0);
}

int main(void) {
    int ends[2];
    char byte;
    set("/proc/sys/kernel/threads-max", kMost);
    set("/proc/sys/kernel/pid_max", kMost);
    if (pipe(ends) != 0) return 1;
    for (int i = 0; i < kProcesses; ++i) {
        if (fork() == 0) run_threads(ends[1]);
        if (read(ends[0], &byte, 1) != 1) return 1;
    }
    printf("all tasks are there\n");
    fflush(stdout);
    pause();
}
