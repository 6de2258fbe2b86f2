// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/drainer.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "attach/live/conclusion.h"
#include "attach/live/spool.h"
#include "util/wakeup.h"

namespace guestdump::attach {
namespace {

/// True if all descriptors from 3 on were closed, except @kept, which is sorted. False: the kernel
/// has no close_range() (Linux before 5.9), or a seccomp filter denies it.
bool close_ranges(const std::vector<int>& kept) {
    unsigned next = 3;
    for (const int fd : kept) {
        const auto number = static_cast<unsigned>(fd);
        if (number > next && ::syscall(SYS_close_range, next, number - 1, 0) != 0) return false;
        next = std::max(next, number + 1);
    }
    return ::syscall(SYS_close_range, next, ~0U, 0) == 0;
}

/// The open descriptors, or all that may be open if /proc is not there.
std::vector<int> possible_descriptors() {
    std::vector<int> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir("/proc/self/fd"), ::closedir);
    if (list) {
        while (const dirent* entry = ::readdir(list.get()))
            if (const int fd = std::atoi(entry->d_name); fd != ::dirfd(list.get()))
                found.push_back(fd);
        return found;
    }
    constexpr long kMost = 1 << 20;  // fs.nr_open, unless the administrator has changed it
    const long limit = ::sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < (limit < 0 ? kMost : std::min(limit, kMost)); ++fd) found.push_back(fd);
    return found;
}

/// Closes all descriptors except @kept. Otherwise a reader of a pipe that this process inherited,
/// such as stderr, the target or QEMU's end of the stream, would not see its end.
void close_others(std::vector<int> kept) {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int standard : {0, 1, 2}) ::dup2(nothing, standard);
    std::ranges::sort(kept);
    if (close_ranges(kept)) return;
    for (const int fd : possible_descriptors())
        if (fd > 2 && !std::ranges::binary_search(kept, fd)) ::close(fd);
}

/// Waits until the parent dismisses this process or ends. Returns true if it has ended.
bool is_needed(int control) {
    char word = 0;
    ssize_t got = 0;
    do {
        got = ::read(control, &word, 1);
    } while (got < 0 && errno == EINTR);
    return got == 0;
}

/// Talks to QEMU until it is as it was before.
Result<> put_back(Emulator& emulator, const LiveFit& fit, const Spool& spool) {
    TRY(emulator.inherit());
    // QEMU 9.0 and later lets its guest go at once. It may also have ended by now.
    if (fit.mended) (void)emulator.ask("migrate_cancel");
    TRY(await_stream_end(emulator, spool));
    TRY(conclude_snapshot(emulator, fit));
    return {};
}

/// The other process has ended.
Result<> take_over(Emulator& emulator, const LiveFit& fit, int output) {
    const std::unique_ptr<Spool> nowhere = TRY(Spool::to_nowhere());
    const auto free_it = [&fit]() -> Result<> {
        TRY(free_guest(fit));
        return {};
    };
    TRY(nowhere->start(output, free_it));
    Result<> done = put_back(emulator, fit, *nowhere);
    if (done) return done;
    // Without a way to QEMU its guest is to go on all the same.
    (void)util::wait_for(nowhere->ended_fd(), POLLIN, -1);
    TRY(free_guest(fit));
    return done;
}

[[noreturn]] void be_drainer(Emulator& emulator, const LiveFit& fit, int output, int control) {
    ::setsid();
    ::prctl(PR_SET_NAME, "guestdump-drain");
    std::vector<int> kept = emulator.descriptors();
    if (fit.process) kept.push_back(fit.process->pidfd());
    kept.insert(kept.end(), {output, control});
    close_others(std::move(kept));
    const bool done = !is_needed(control) || take_over(emulator, fit, output);
    ::_exit(done ? 0 : 1);
}

}  // namespace

Result<Drainer> Drainer::start(Emulator& emulator, const LiveFit& fit, int output) {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::from_errno(errno, "creating a pipe");
    const util::UniqueFd read_end(ends[0]);
    util::UniqueFd control(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return Error::from_errno(errno, "starting a process that can take over");
    if (pid == 0) {
        // Else the child would wait for its own end of the pipe.
        control.reset();
        be_drainer(emulator, fit, output, read_end.get());
    }
    return Drainer(pid, std::move(control));
}

void Drainer::dismiss() {
    constexpr char kWord = 1;
    // Somebody may have ended the child.
    if (::write(control_.get(), &kWord, 1) == 1) ::waitpid(pid_, nullptr, 0);
    control_.reset();
}

}  // namespace guestdump::attach
