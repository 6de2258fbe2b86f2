// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "tests/linux/same_text.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"
#include "tests/view/small_guest.h"
#include "view/log_view.h"
#include "view/printable.h"
#include "view/report_view.h"
#include "view/stack_view.h"
#include "view/task_view.h"

namespace guestdump::view {

Suite* view_suite();

namespace {

using linux_guest::check_text;
using linux_guest::SmallLinux;
using qapi::GuestCondition;
using support::must;
using support::must_fail;

START_TEST(a_guests_text_cannot_move_the_cursor) {
    check_text(printable_word("a\x1b[2J\nb\tc"), "a\\x1b[2J\\x0ab\\x09c");
    check_text(printable_lines("a\x1b\n\tb\r"), "a\\x1b\n\tb\\x0d");
    check_text(printable_word(""), "");
    check_text(printable_word("\n"), "\\x0a");
    check_text(printable_word("\xc3\xa4\xff"), "\xc3\xa4\\xff");
}
END_TEST

START_TEST(messages_are_printed_as_dmesg_does) {
    SmallLook small{SmallLinux()};
    const qapi::GuestLog log = must(log_view(small.kernel(), {}));
    check_text(log_text(log, {}),
               "[    1.500000] Linux version 6.1.0\n"
               "[    2.000001] two\n"
               "               lines \\x1b[2J\n"
               "[    3.000000] INFO: task worker:2 blocked for more than 120 seconds.\n");
    check_text(log_record_text(log.records[0], {.caller = true, .level = true}),
               "<5>[    1.500000] [    C1] Linux version 6.1.0\n");
    check_text(log_record_text(log.records[2], {.caller = true, .level = false}),
               "[    3.000000] [    T7] INFO: task worker:2 blocked for more than 120 seconds.\n");
}
END_TEST

START_TEST(the_newest_messages_of_a_log_that_is_too_long_are_kept) {
    linux_guest::KernelLog log;
    for (uint64_t time = 0; time < 300; ++time)  // of 256 KiB after escaping
        log.records.push_back({.time = time, .caller = {}, .text = std::string(65536, '\x01')});
    const qapi::GuestLog view = log_view(log, {});
    ck_assert_uint_lt(view.records.size(), 260);
    ck_assert_uint_gt(view.records.size(), 250);
    ck_assert_uint_eq(view.records.back().time, 299);
    ck_assert_uint_eq(view.records.front().time, 300 - view.records.size());
    ck_assert(view.incomplete && view.incomplete->find("left out") != std::string::npos);
}
END_TEST

START_TEST(messages_are_picked_by_level_and_time) {
    SmallLook small{SmallLinux()};
    ck_assert_uint_eq(must(log_view(small.kernel(), {.most_level = 5, .since = {}})).records.size(),
                      2);
    ck_assert_uint_eq(must(log_view(small.kernel(), {.most_level = 2, .since = {}})).records.size(),
                      0);
    ck_assert_uint_eq(
        must(log_view(small.kernel(), {.most_level = 7, .since = 2000001000})).records.size(), 2);
    ck_assert(parse_level("err") == 3 && parse_level("7") == 7 && !parse_level("8") &&
              !parse_level("") && !parse_level("errr"));
}
END_TEST

START_TEST(tasks_tell_what_they_wait_in) {
    SmallLook small{SmallLinux()};
    const qapi::GuestTasks tasks = must(tasks_view(small.kernel(), {.threads = true}));
    check_text(tasks_text(tasks, true, false),
               "     PID  PROCESS   PARENT S  CPU   NAME               WAITS IN\n"
               "       1        1        0 S  0     init               do_wait\n"
               "       2        2        0 D  0     [worker]           do_work\n"
               "       3        2        0 D  0     [worker/thread]    do_work\n"
               "       4        4        1 R  1*    bu\\x1bsy\n");
    ck_assert_uint_eq(must(tasks_view(small.kernel(), {})).tasks.size(), 3);
    ck_assert_uint_eq(
        must(tasks_view(small.kernel(), {.threads = true, .state = 'D'})).tasks.size(), 2);
    ck_assert_uint_eq(must(tasks_view(small.kernel(), {.pid = 3})).tasks.size(), 1);
}
END_TEST

qapi::GuestTask task(uint32_t pid, uint32_t parent, const char* name) {
    qapi::GuestTask made;
    made.pid = made.tgid = pid;
    made.parent = parent;
    made.name = name;
    made.state = "S";
    return made;
}

/// The names in @text, which tasks_text() printed, with a dot for each level of indentation.
std::string outline(const std::string& text) {
    std::string out;
    constexpr size_t kName = 27;
    for (size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
        std::string line = text.substr(at + kName, text.find('\n', at) - at - kName);
        const size_t indent = line.find_first_not_of(' ');
        out += std::string(indent / 2, '.') + line.substr(indent) + " ";
    }
    return out;
}

START_TEST(children_stand_under_their_parents) {
    qapi::GuestTasks tasks;
    tasks.tasks = {task(1, 0, "init"), task(2, 0, "kthreadd"), task(5, 7, "leaf"),
                   task(7, 1, "shell"), task(9, 2, "kworker")};
    check_text(outline(tasks_text(tasks, false, true)), "init .shell ..leaf kthreadd .kworker ");
}
END_TEST

START_TEST(parents_that_go_around_are_all_told) {
    qapi::GuestTasks tasks;
    tasks.tasks = {task(1, 2, "a"), task(2, 1, "b"), task(3, 3, "self"), task(4, 99, "orphan"),
                   task(1, 2, "again")};
    const std::string text = tasks_text(tasks, false, true);
    ck_assert_int_eq(std::count(text.begin(), text.end(), '\n'), 6);
}
END_TEST

START_TEST(stacks_of_cpus_are_told_with_their_tasks) {
    SmallLook small{SmallLinux()};
    check_text(stacks_text(must(cpu_stacks_view(small.kernel()))),
               "CPU 0:  PID 0  swapper/0  state R  CPU 0\n"
               "    interrupt+0x4/0xea00\n"
               "    --- interrupted:\n"
               "    idle+0x40/0x100\n"
               "    entry+0x50/0x100\n"
               "\n"
               "CPU 1:  PID 4  bu\\x1bsy  state R  CPU 1\n"
               "    in user mode\n");
}
END_TEST

/// A kernel with room for four CPUs, two of which were never brought up.
SmallLinux with_absent_cpus() {
    SmallLinux image;
    image.put32(SmallLinux::kVariables, 4);  // nr_cpu_ids
    for (const uint64_t cpu : {2, 3}) {
        const uint64_t area = SmallLinux::kAreas + 0x1000 * cpu;
        image.put64(SmallLinux::kVariables + 0x300 + 8 * cpu, area);
        image.put64(area + 0x10, SmallLinux::task(0));  // as in the template of all areas
    }
    return image;
}

START_TEST(cpus_that_were_never_brought_up_are_not_told) {
    SmallLook small{with_absent_cpus()};
    const qapi::GuestReport report = report_view(*small.look);
    ck_assert_uint_eq(report.cpus.size(), 2);
    for (const std::string& warning : report.warnings) check_text(warning, "");
}
END_TEST

START_TEST(stacks_of_tasks_are_told) {
    SmallLook small{SmallLinux()};
    check_text(stacks_text(must(task_stacks_view(small.kernel(), {.pid = 3}))),
               "PID 3  [worker/thread]  state D  CPU 0\n"
               "    schedule+0x10/0xf8\n"
               "    do_work+0x20/0x100\n"
               "    ret_from_fork+0x30/0x100\n");
    const qapi::GuestStacks busy = must(task_stacks_view(small.kernel(), {.pid = 4}));
    ck_assert(busy.stacks[0].cpu == 1u && busy.stacks[0].stack.user_mode);
}
END_TEST

START_TEST(tasks_that_wait_in_the_same_place_are_told_once) {
    SmallLook small{SmallLinux()};
    const BlockedTasks blocked = must(blocked_view(small.kernel()));
    ck_assert_uint_eq(blocked.task_count, 4);
    ck_assert_uint_eq(blocked.groups.size(), 1);
    ck_assert_uint_eq(blocked.groups[0].tasks.size(), 2);
}
END_TEST

START_TEST(tasks_whose_stacks_cannot_be_read_are_told_each) {
    SmallLinux image;
    for (const unsigned pid : {2u, 3u}) {
        image.put64(SmallLinux::kTasks + pid * SmallLinux::kTaskSize + 24, 0);  // stack
    }
    SmallLook small(image);
    const BlockedTasks blocked = must(blocked_view(small.kernel()));
    ck_assert_uint_eq(blocked.groups.size(), 2);
    for (const qapi::GuestEqualStacks& group : blocked.groups) {
        ck_assert_uint_eq(group.tasks.size(), 1);
        ck_assert(group.stack.incomplete == "the task has no stack any more");
    }
}
END_TEST

START_TEST(stacks_that_end_for_different_reasons_are_told_each) {
    SmallLinux image;
    for (const unsigned pid : {2u, 3u}) {
        const uint64_t frames = SmallLinux::kStacks + pid * SmallLinux::kStackSize + 0x3f00 + 56;
        image.put64(frames + 8, 0x1000 * pid);  // neither is code
    }
    SmallLook small(image);
    ck_assert_uint_eq(must(blocked_view(small.kernel())).groups.size(), 2);
}
END_TEST

START_TEST(a_report_has_all_of_it) {
    SmallLook small{SmallLinux()};
    const qapi::GuestReport report = report_view(*small.look);
    ck_assert(report.condition == GuestCondition::hung_tasks);
    ck_assert(report.command_line == "console=ttyS0 quiet");
    ck_assert_uint_eq(report.cpus.size(), 2);
    ck_assert_uint_eq(report.task_count, 4);
    ck_assert_uint_eq(report.log.size(), 3);
    ck_assert_uint_eq(report.problems.size(), 1);
    for (const std::string& warning : report.warnings) check_text(warning, "");
    const std::string text = report_text(report);
    for (const char* part :
         {"state:       tasks hang: INFO: task worker:2 blocked", "uptime:      1:01:01\n",
          "time:        2023-11-14T22:13:20Z\n", "load:        1.00 0.50 2.00\n",
          "tainted:     WO (0x1200)\n", "blocked (state D): 2 of 4 tasks\n",
          "and 1 more with the same stack", "total 3.9 MiB"}) {
        ck_assert_msg(text.find(part) != text.npos, "no '%s' in:\n%s", part, text.c_str());
    }
    check_text(must(condition_text(*small.look)), "hung tasks: 1");
}
END_TEST

START_TEST(a_panic_is_named) {
    SmallLinux image;
    image.put32(SmallLinux::kVariables + 24, 1);
    SmallLook small(image);
    const qapi::GuestReport report = report_view(*small.look);
    ck_assert(report.condition == GuestCondition::panicked && report.panic_cpu == 1u);
    ck_assert(!report.reason);  // the log has a hung task, and no panic
    ck_assert(report_text(report).starts_with("state:       panicked on CPU 1\n"));
    check_text(must(condition_text(*small.look)), "panicked on CPU 1");
}
END_TEST

START_TEST(contradictions_are_told) {
    SmallLinux image;
    image.put32(SmallLinux::kTasks + 4 * SmallLinux::kTaskSize + 8, 0);  // CPU of task 4
    SmallLook small(image);
    const auto warnings = report_view(*small.look).warnings;
    ck_assert_uint_eq(warnings.size(), 1);
    check_text(warnings[0],
               "contradiction: CPU 1 executes task 4, which says that it runs on CPU 0");
}
END_TEST

/// SmallLinux's state, whose VMCOREINFO lacks the lines that contain @word.
GuestMoment without(const char* word) {
    GuestMoment moment = small_moment(SmallLinux());
    std::string kept = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";
    const std::string lines = SmallLinux().lines();
    for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
        const std::string line = lines.substr(at, lines.find('\n', at) + 1 - at);
        if (line.find(word) == line.npos) kept += line;
    }
    moment.note = support::vmcoreinfo_note(kept);
    return moment;
}

START_TEST(a_kernel_that_does_not_tell_its_symbols_still_has_a_log) {
    const util::Cancellation never;
    const auto look = must(GuestLook::open(without("kallsyms"), {}, never));
    const qapi::GuestReport report = report_view(*look);
    ck_assert_uint_eq(report.log.size(), 3);
    ck_assert(report.cpus.empty() && report.task_count == 0);
    check_text(report.warnings.at(0),
               "stacks and tasks cannot be read: the symbols of this kernel are not found: "
               "VMCOREINFO does not have SYMBOL(kallsyms_names), and there are no tables of "
               "symbols in the 128 MiB from _stext on");
    must_fail(tasks_view(look->kernel(), {}), "the symbols of this kernel are not found");
}
END_TEST

START_TEST(a_kernel_without_types_still_has_stacks) {
    SmallLinux image;
    image.put32(SmallLinux::kBtf, 0);
    SmallLook small(image);
    const qapi::GuestReport report = report_view(*small.look);
    ck_assert_uint_eq(report.cpus.size(), 2);
    ck_assert(!report.cpus[0].stack.frames.empty());
    check_text(report.warnings.at(0),
               "tasks cannot be read: the kernel's BTF begins with 0x0000, not 0xeb9f");
    must_fail(task_stacks_view(small.kernel(), {}), "the kernel's BTF begins");
}
END_TEST

START_TEST(a_guest_that_is_no_linux_is_refused) {
    const util::Cancellation never;
    GuestMoment moment = small_moment(SmallLinux());
    moment.note.reset();
    must_fail(GuestLook::open(std::move(moment), {}, never), "there is no VMCOREINFO");
    GuestMoment other = small_moment(SmallLinux());
    other.note = support::vmcoreinfo_note("OSRELEASE=1\n");
    must_fail(GuestLook::open(std::move(other), {}, never), "VMCOREINFO has no SYMBOL(_stext)");
}
END_TEST

}  // namespace

Suite* view_suite() {
    return support::make_suite("view", {
                                           a_guests_text_cannot_move_the_cursor,
                                           messages_are_printed_as_dmesg_does,
                                           the_newest_messages_of_a_log_that_is_too_long_are_kept,
                                           messages_are_picked_by_level_and_time,
                                           tasks_tell_what_they_wait_in,
                                           children_stand_under_their_parents,
                                           parents_that_go_around_are_all_told,
                                           stacks_of_cpus_are_told_with_their_tasks,
                                           cpus_that_were_never_brought_up_are_not_told,
                                           stacks_of_tasks_are_told,
                                           tasks_that_wait_in_the_same_place_are_told_once,
                                           tasks_whose_stacks_cannot_be_read_are_told_each,
                                           stacks_that_end_for_different_reasons_are_told_each,
                                           a_report_has_all_of_it,
                                           a_panic_is_named,
                                           contradictions_are_told,
                                           a_kernel_that_does_not_tell_its_symbols_still_has_a_log,
                                           a_kernel_without_types_still_has_stacks,
                                           a_guest_that_is_no_linux_is_refused,
                                       });
}

}  // namespace guestdump::view
