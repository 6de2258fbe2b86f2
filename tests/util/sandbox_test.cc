// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/sandbox.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/thread.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* sandbox_suite();

namespace {

constexpr SandboxPolicy kStrictest{.deny_obsolete = true,
                                   .deny_privileges = true,
                                   .deny_spawn = true,
                                   .deny_resource_control = true};
constexpr SandboxPolicy kMildest{.deny_obsolete = false};

constexpr int kKilled = -1;

/// Runs @function in a process of its own and returns its result, below 256; or kKilled if the
/// kernel ended that process because of a call.
int in_a_process(const std::function<int()>& function) {
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 0);  // no core of an intended crash
        _exit(function());
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        ck_assert_int_eq(WTERMSIG(status), SIGSYS);
        return kKilled;
    }
    return WEXITSTATUS(status);
}

/// The errno of a system call with meaningless arguments.
int error_of(long number, long first = 0) {
    return syscall(number, first, 0, 0, 0, 0) < 0 ? errno : 0;
}

int error_behind(const SandboxPolicy& policy, long number, long first = 0) {
    return in_a_process([&] {
        must(enter_sandbox(policy));
        return error_of(number, first);
    });
}

START_TEST(what_no_machine_needs_is_always_denied) {
    if (!sandbox_available()) return;
    for (const long number : {SYS_mount, SYS_unshare, SYS_bpf, SYS_keyctl, SYS_init_module}) {
        ck_assert_int_ne(in_a_process([number] { return error_of(number); }), kKilled);
        ck_assert_int_eq(error_behind(kMildest, number), kKilled);
    }
    ck_assert_int_eq(error_behind(kMildest, SYS_ptrace, 9999), kKilled);
}
END_TEST

START_TEST(each_group_is_denied_where_the_policy_says_so) {
    if (!sandbox_available()) return;
    SandboxPolicy obsolete = kMildest, privileges = kMildest, spawn = kMildest;
    obsolete.deny_obsolete = privileges.deny_privileges = spawn.deny_spawn = true;
    const struct {
        const SandboxPolicy& policy;
        long number;
    } groups[] = {{obsolete, SYS_sysfs},    {obsolete, SYS_ustat}, {privileges, SYS_setresuid},
                  {privileges, SYS_setsid}, {spawn, SYS_execve},   {spawn, SYS_execveat}};
    for (const auto& [policy, number] : groups) {
        ck_assert_int_ne(error_behind(kMildest, number), kKilled);
        ck_assert_int_eq(error_behind(policy, number), kKilled);
        ck_assert_int_eq(error_behind(kStrictest, number), kKilled);
    }
}
END_TEST

START_TEST(resource_control_fails_and_nothing_else_happens) {
    if (!sandbox_available()) return;
    for (const long number : {SYS_sched_setaffinity, SYS_sched_setscheduler}) {
        ck_assert_int_ne(error_behind(kMildest, number), EPERM);
        ck_assert_int_eq(error_behind(kStrictest, number), EPERM);
    }
}
END_TEST

START_TEST(threads_can_begin_where_processes_cannot) {
    if (!sandbox_available()) return;
    const int begun = in_a_process([] {
        must(enter_sandbox(kStrictest));
        std::atomic<int> value = 0;
        must(Thread::start([&value] { value = 7; })).join();
        return value.load();
    });
    ck_assert_int_eq(begun, 7);
    // clone() for a process, but with invalid flags, so that none starts if it is allowed.
    ck_assert_int_eq(error_behind(kMildest, SYS_clone, CLONE_SIGHAND), EINVAL);
    ck_assert_int_eq(error_behind(kStrictest, SYS_clone, CLONE_SIGHAND), kKilled);
    ck_assert_int_eq(error_behind(kStrictest, SYS_clone3), ENOSYS);
}
END_TEST

START_TEST(threads_from_before_and_after_are_held_too) {
    if (!sandbox_available()) return;
    const int before = in_a_process([] {
        std::atomic<bool> entered = false;
        Thread thread = must(Thread::start([&entered] {
            while (!entered) sched_yield();
            error_of(SYS_unshare);
        }));
        must(enter_sandbox(kMildest));
        entered = true;
        thread.join();
        return 0;
    });
    ck_assert_int_eq(before, kKilled);
    const int after = in_a_process([] {
        must(enter_sandbox(kMildest));
        must(Thread::start([] { error_of(SYS_unshare); })).join();
        return 0;
    });
    ck_assert_int_eq(after, kKilled);
}
END_TEST

START_TEST(what_is_started_gains_no_privileges) {
    if (!sandbox_available()) return;
    const auto gains_none = [] { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); };
    ck_assert_int_eq(in_a_process(gains_none), 0);
    ck_assert_int_eq(in_a_process([&] {
                         must(enter_sandbox(kMildest));
                         return gains_none();
                     }),
                     1);
}
END_TEST

START_TEST(a_build_without_it_says_so) {
    if (sandbox_available()) return;
    must_fail(enter_sandbox(kMildest), "support is not enabled");
}
END_TEST

}  // namespace

Suite* sandbox_suite() {
    return support::make_suite(
        "sandbox",
        {what_no_machine_needs_is_always_denied, each_group_is_denied_where_the_policy_says_so,
         resource_control_fails_and_nothing_else_happens, threads_can_begin_where_processes_cannot,
         threads_from_before_and_after_are_held_too, what_is_started_gains_no_privileges,
         a_build_without_it_says_so});
}

}  // namespace guestdump::util
