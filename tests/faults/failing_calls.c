/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into guestdump-vm: makes the n-th call of one kind fail when a test asks for it. It shares a page with the
 * test, in the file that FAILING_CALLS names. The test sets the kind, the number of calls that succeed before one
 * fails, and the errno; the library returns how many calls there were and whether one failed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { kNone, kWrite, kRead, kOpen, kMmap, kThread, kSync, kName, kSize, kPoll, kWriteBack, kClose, kKinds };

struct page {
    _Atomic uint32_t kind;     /* which calls are counted and may fail */
    _Atomic int32_t countdown; /* 0: the next call fails; negative: none */
    _Atomic uint32_t error;
    _Atomic uint32_t calls;
    _Atomic uint32_t failed;
};

static struct page *shared;

__attribute__((constructor)) static void find_page(void) {
    const char *path = getenv("FAILING_CALLS");
    if (!path) return;
    int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    void *(*real_mmap)(void *, size_t, int, int, int, off_t) =
        (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    const int fd = real_open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *const at = real_mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) shared = at;
}

/* Returns whether this call must fail, with errno set. */
static int fails(enum kind kind) {
    struct page *const page = shared;
    if (!page || atomic_load(&page->kind) != (uint32_t)kind) return 0;
    atomic_fetch_add(&page->calls, 1);
    if (atomic_fetch_sub(&page->countdown, 1) != 0) return 0;
    atomic_store(&page->failed, 1);
    errno = (int)atomic_load(&page->error);
    return 1;
}

#define REAL(name, ...)                                                     \
    static __typeof__(&name) real;                                          \
    if (!real) {                                                            \
        void *const found = dlsym(RTLD_NEXT, #name);                        \
        memcpy(&real, &found, sizeof real);                                 \
    }                                                                       \
    return real(__VA_ARGS__)

ssize_t write(int fd, const void *data, size_t size) {
    /* A dump writes more than 8 bytes; the main loop writes 8 to its eventfds. */
    if (size > 8 && fails(kWrite)) return -1;
    REAL(write, fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (fails(kWrite)) return -1;
    REAL(pwrite, fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (fails(kWrite)) return -1;
    REAL(pwrite64, fd, data, size, at);
}
ssize_t send(int fd, const void *data, size_t size, int flags) {
    /* Only a dump sends with MSG_DONTWAIT; replies to clients do not. */
    if (flags & MSG_DONTWAIT && fails(kWrite)) return -1;
    REAL(send, fd, data, size, flags);
}
int poll(struct pollfd *fds, nfds_t count, int timeout) {
    /* The main loop polls more descriptors or other events. */
    if (count == 2 && fds[0].events == POLLOUT && fails(kPoll)) return -1;
    REAL(poll, fds, count, timeout);
}
ssize_t pread(int fd, void *data, size_t size, off_t at) {
    if (fails(kRead)) return -1;
    REAL(pread, fd, data, size, at);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t at) {
    if (fails(kRead)) return -1;
    REAL(pread64, fd, data, size, at);
}
int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails(kOpen)) return -1;
    REAL(open, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails(kOpen)) return -1;
    REAL(open64, path, flags, mode);
}
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    if (fails(kMmap)) return MAP_FAILED;
    REAL(mmap, at, size, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
    if (fails(kMmap)) return MAP_FAILED;
    REAL(mmap64, at, size, protection, flags, fd, offset);
}
int mprotect(void *at, size_t size, int protection) {
    if (fails(kMmap)) return -1;
    REAL(mprotect, at, size, protection);
}
int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*function)(void *), void *argument) {
    if (fails(kThread)) return errno;
    REAL(pthread_create, thread, how, function, argument);
}
int fsync(int fd) {
    if (fails(kSync)) return -1;
    REAL(fsync, fd);
}
int sync_file_range(int fd, off64_t at, off64_t size, unsigned flags) {
    if (fails(kWriteBack)) return -1;
    REAL(sync_file_range, fd, at, size, flags);
}
static int real_close(int fd) {
    REAL(close, fd);
}
int close(int fd) {
    /* Only descriptors that can be a target count. They are closed even if the call "fails". */
    struct stat status;
    const int counts = fstat(fd, &status) == 0 &&
                       (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
    const int result = real_close(fd);
    return counts && fails(kClose) ? -1 : result;
}
int linkat(int from, const char *old, int to, const char *name, int flags) {
    if (fails(kName)) return -1;
    REAL(linkat, from, old, to, name, flags);
}
int renameat(int from, const char *old, int to, const char *name) {
    if (fails(kName)) return -1;
    REAL(renameat, from, old, to, name);
}
int ftruncate(int fd, off_t size) {
    if (fails(kSize)) return -1;
    REAL(ftruncate, fd, size);
}
int ftruncate64(int fd, off64_t size) {
    if (fails(kSize)) return -1;
    REAL(ftruncate64, fd, size);
}
