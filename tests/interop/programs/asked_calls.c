/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into guestdump-vm: a thread, started before main(), that makes the system calls that a test asks for, like
 * an intruder who controls the process. It shares a page with the test, in the file that ASKED_CALLS names.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum state { kNone, kAsked, kAnswered };

struct page {
    _Atomic uint32_t state;
    uint32_t by_a_new_thread;
    int64_t number;
    int64_t arguments[3];
    int64_t error; /* errno, or 0 */
};

static void *make_call(void *shared) {
    struct page *const page = shared;
    const long done = syscall(page->number, page->arguments[0], page->arguments[1], page->arguments[2], 0L, 0L);
    page->error = done < 0 ? errno : 0;
    return NULL;
}

static void *serve(void *shared) {
    struct page *const page = shared;
    for (;;) {
        while (atomic_load(&page->state) != kAsked) usleep(1000);
        pthread_t thread;
        if (!page->by_a_new_thread) {
            make_call(page);
        } else if (pthread_create(&thread, NULL, make_call, page) == 0) {
            pthread_join(thread, NULL);
        }
        atomic_store(&page->state, kAnswered);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void) {
    const char *const path = getenv("ASKED_CALLS");
    const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    pthread_t thread;
    if (page != MAP_FAILED && pthread_create(&thread, NULL, serve, page) == 0) pthread_detach(thread);
}
