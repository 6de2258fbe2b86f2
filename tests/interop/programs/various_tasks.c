// SPDX-License-Identifier: GPL-2.0-or-later
// Processes in different states, for linux_view_test.py.
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void become(const char* name) {
    prctl(PR_SET_NAME, name);
}

static void* wait_as_thread(void* name) {
    become(name);
    pause();
    return NULL;
}

// Two threads.
static void threaded(void) {
    pthread_t thread;
    become("threaded");
    pthread_create(&thread, NULL, wait_as_thread, "a thread");
    pause();
}

// In state D: a parent waits for the child of vfork(), which does not end.
static void blocked(void) {
    become("blocked");
    if (vfork() == 0) {
        for (;;) pause();
    }
}

static void spinning(void) {
    become("spinning");
    for (volatile unsigned long count = 0;; ++count) {
    }
}

// Mostly in the kernel.
static void calling(void) {
    static char buffer[1 << 20];
    become("calling");
    const int zero = open("/dev/zero", O_RDONLY);
    while (read(zero, buffer, sizeof buffer) > 0) {
    }
}

static void reading(void) {
    int ends[2];
    char byte;
    become("reading");
    if (pipe(ends) == 0 && read(ends[0], &byte, 1) == 1) _exit(1);
}

// A name that moves a terminal's cursor.
static void ill_named(void) {
    become("\033[2J\nroot");
    pause();
}

int main(void) {
    static void (*const all[])(void) = {threaded, blocked, blocked,  spinning,
                                        calling,  reading, ill_named};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; ++i) {
        if (fork() == 0) {
            all[i]();
            _exit(0);
        }
    }
    pause();
}
