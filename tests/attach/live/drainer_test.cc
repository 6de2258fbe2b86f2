// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/drainer.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <thread>

#include "tests/attach/scripted_emulator.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* drainer_suite();

namespace {

using support::must;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends;
        ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
        output = util::UniqueFd(ends[0]);
        input = util::UniqueFd(ends[1]);
    }

    util::UniqueFd output, input;
};

/// From now on close_range() fails in this process, as on Linux before 5.9.
void take_close_range_away() {
    std::array<sock_filter, 4> filter = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog program{.len = filter.size(), .filter = filter.data()};
    ck_assert_int_eq(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/// The exit status of the child @pid; -1 if it does not end.
int exit_status_of(pid_t pid) {
    for (int tries = 0; tries < 500; ++tries) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) return WEXITSTATUS(status);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(pid, SIGKILL);
    return -1;
}

/// Fails unless a drainer closes what it does not need, takes over when its parent lets go of it,
/// and ends when the stream has.
void check_drainer() {
    ScriptedEmulator qemu;
    LiveFit fit;
    fit.mended = fit.was_on = true;
    Pipe stream, other;
    std::optional<Drainer> drainer = must(Drainer::start(qemu, fit, stream.output.get()));
    const pid_t pid = drainer->pid();
    other.input.reset();
    pollfd closed{.fd = other.output.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&closed, 1, 5000);
    drainer.reset();
    stream.input.reset();
    ck_assert_int_eq(exit_status_of(pid), 0);
    ck_assert_int_eq(ready, 1);
}

START_TEST(a_drainer_holds_only_the_stream_and_ends_with_it) {
    check_drainer();
}
END_TEST

START_TEST(a_drainer_does_the_same_without_close_range) {
    take_close_range_away();
    check_drainer();
}
END_TEST

}  // namespace

Suite* drainer_suite() {
    return support::make_suite("drainer", {a_drainer_holds_only_the_stream_and_ends_with_it,
                                           a_drainer_does_the_same_without_close_range});
}

}  // namespace guestdump::attach
