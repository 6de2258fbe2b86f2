// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/daemon.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"
#include "util/as_text.h"

namespace guestdump::util {

Suite* daemon_suite();

namespace {

using support::must;
using support::Scratch;

std::string told(const std::string& path) {
    return std::string(as_text(support::read_file(path)));
}

START_TEST(pid_file_holds_the_number_and_goes) {
    const Scratch scratch;
    const std::string path = scratch.path("pid");
    {
        const Pidfile file = must(Pidfile::create(path));
        ck_assert(told(path) == std::to_string(::getpid()) + "\n");
    }
    ck_assert(scratch.names().empty());
}
END_TEST

/// Locks the PID file again and again. Returns whether it always had a name while it was locked.
bool takes_turns(const std::string& path) {
    for (int turn = 0; turn < 300; ++turn) {
        const Result<Pidfile> file = Pidfile::create(path);
        if (file && ::access(path.c_str(), F_OK) != 0) return false;
    }
    return true;
}

START_TEST(pid_file_that_its_last_holder_removes_is_made_again) {
    const Scratch scratch;
    const std::string path = scratch.path("pid");
    std::array<pid_t, 3> children;
    for (pid_t& child : children) {
        child = ::fork();
        if (child == 0) ::_exit(takes_turns(path) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    for (const pid_t child : children) {
        int status = 0;
        ck_assert_int_eq(::waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

}  // namespace

Suite* daemon_suite() {
    return support::make_suite("daemon", {pid_file_holds_the_number_and_goes,
                                          pid_file_that_its_last_holder_removes_is_made_again});
}

}  // namespace guestdump::util
