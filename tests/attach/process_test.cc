// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tests/attach/own_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* process_suite();

namespace {

using support::must;
using support::must_fail;

/// A child process that only waits.
pid_t idle_child() {
    const pid_t child = ::fork();
    if (child == 0) {
        while (true) ::pause();
    }
    return child;
}

void end(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

START_TEST(memory_of_another_process_is_read) {
    OwnMemory own(1, MAP_PRIVATE | MAP_ANONYMOUS);
    own.write(0, 42);
    const pid_t child = idle_child();
    own.write(0, 43);
    const Process process = must(Process::open(child));
    must(process.check_readable());
    std::array<std::byte, 2> bytes{};
    must(process.read(own.address(), bytes));
    ck_assert(bytes[0] == std::byte{42});
    end(child);
}
END_TEST

START_TEST(a_process_that_has_ended_is_told) {
    const pid_t child = idle_child();
    const Process process = must(Process::open(child));
    must(process.check_alive());
    end(child);
    const std::string said = "process " + std::to_string(child) + " has ended";
    std::array<std::byte, 2> bytes{};
    must_fail(process.check_alive(), said);
    must_fail(process.check_readable(), said);
    must_fail(process.read(4096, bytes), said);
    must_fail(Process::open(child), "cannot open process " + std::to_string(child));
}
END_TEST

START_TEST(an_address_without_memory_is_told_with_how_much_was_read) {
    OwnMemory own(2, MAP_PRIVATE | MAP_ANONYMOUS);
    ck_assert(::munmap(own.page(1).data(), kPage) == 0);
    const Process process = must(Process::open(::getpid()));
    std::array<std::byte, 2 * kPage> bytes;
    must_fail(process.read(own.address(), bytes), "0x1000 of 0x2000 bytes were read");
}
END_TEST

START_TEST(a_thread_is_known_by_its_number) {
    const Process process = must(Process::open(::getpid()));
    ck_assert(process.has_thread(::gettid()));
    ck_assert(!process.has_thread(1));
}
END_TEST

START_TEST(a_file_of_proc_that_is_not_there_is_named) {
    const Process process = must(Process::open(::getpid()));
    must_fail(process.text("nonsense"),
              "cannot open '/proc/" + std::to_string(::getpid()) + "/nonsense'");
    ck_assert(must(process.text("maps")).size() > 100);
}
END_TEST

}  // namespace

Suite* process_suite() {
    return support::make_suite("process",
                               {
                                   memory_of_another_process_is_read,
                                   a_process_that_has_ended_is_told,
                                   an_address_without_memory_is_told_with_how_much_was_read,
                                   a_thread_is_known_by_its_number,
                                   a_file_of_proc_that_is_not_there_is_named,
                               });
}

}  // namespace guestdump::attach
