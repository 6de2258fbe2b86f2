// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <span>
#include <thread>

#include "tests/linux/same_text.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"
#include "tests/view/small_guest.h"
#include "view/log_view.h"
#include "view/printable.h"
#include "view/problems.h"
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

qapi::GuestLog log_of(std::initializer_list<const char*> messages) {
    qapi::GuestLog log;
    for (const char* message : messages) log.records.emplace_back().text = message;
    return log;
}

void check_conditions(std::span<const std::pair<const char*, GuestCondition>> messages) {
    for (const auto& [message, condition] : messages) {
        ck_assert_msg(condition_of(message) == condition, "%s", message);
    }
}

START_TEST(messages_of_the_kernel_have_their_conditions) {
    const std::pair<const char*, GuestCondition> messages[] = {
        {"Kernel panic - not syncing: sysrq triggered crash", GuestCondition::panicked},
        {"---[ end Kernel panic - not syncing: x ]---", GuestCondition::running},
        {"watchdog: BUG: soft lockup - CPU#1 stuck for 22s!", GuestCondition::soft_lockup},
        {"NMI watchdog: BUG: soft lockup - CPU#1 stuck for 22s!", GuestCondition::soft_lockup},
        {"NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", GuestCondition::soft_lockup},
        {"watchdog: Watchdog detected hard LOCKUP on cpu 3", GuestCondition::soft_lockup},
        {"watchdog: CPU3: Watchdog detected hard LOCKUP on cpu 3", GuestCondition::soft_lockup},
        {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", GuestCondition::soft_lockup},
        {"rcu: INFO: rcu_sched self-detected stall on CPU", GuestCondition::soft_lockup},
        {"INFO: rcu_sched self-detected stall on CPU", GuestCondition::soft_lockup},
        {"rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 3-... }",
         GuestCondition::soft_lockup},
        {"INFO: task dd:99 blocked for more than 120 seconds.", GuestCondition::hung_tasks},
        {"INFO: task dd:99 is fine", GuestCondition::running},
        {"Out of memory: Killed process 99 (x)", GuestCondition::out_of_memory},
        {"random: crng init done", GuestCondition::running},
        {"", GuestCondition::running},
    };
    check_conditions(messages);
}
END_TEST

START_TEST(bugs_of_each_kernel_are_an_oops) {
    for (const char* message : {
             "BUG: kernel NULL pointer dereference, address: 0",
             "BUG: unable to handle page fault for address: ffffc90000000000",
             "BUG: unable to handle kernel NULL pointer dereference at 0000000000000000",
             "BUG: scheduling while atomic: dd/99/0x00000002",
             "BUG: sleeping function called from invalid context at mm/slab.h:1",
             "BUG: Bad page state in process dd  pfn:1234",
             "BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]",
             "BUG: spinlock lockup suspected on CPU#1, dd/99",
             "BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 40s!",
             "kernel BUG at mm/slub.c:379!",
             "Oops: 0002 [#1] PREEMPT SMP",
             "Oops: 0000 [#1]",
             "Oops: Oops: 0002 [#1] SMP NOPTI",
             "invalid opcode: 0000 [#1] SMP",
             "Oops: invalid opcode: 0000 [#2] SMP PTI",
             "divide error: 0000 [#1] SMP",
             "stack guard page: 0000 [#1] PREEMPT SMP NOPTI",
             "general protection fault: 0000 [#1] SMP",
             "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
             "Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1]",
         }) {
        ck_assert_msg(condition_of(message) == GuestCondition::oops, "%s", message);
    }
}
END_TEST

START_TEST(names_that_users_choose_are_no_problem) {
    const char kFault[] = "[99]: segfault at 0 ip 0000000000401000 sp 00007ffc0000 error 4 in ";
    const std::string fault = kFault, killer = " invoked oom-killer: gfp_mask=0x0, order=0";
    for (const char* name :
         {"Oops: x", "Oops: 0000 [#1]", "int3: 0000 [#1]", "kernel BUG at ", "BUG: ", "BUG: KASAN:",
          "BUG: KASAN: abc", "BUG: spinlock", "general protect", "INFO: task x", "INFO: rcu_x det",
          "rcu: INFO: rcu_", "watchdog: BUG: ", "Kernel panic - ", "Out of memory: "}) {
        for (const std::string& rest :
             {fault + "libc.so[1+2]", fault + "q: 0000 [#1] SMP[1+2]", killer,
              fault + "x:1 blocked for more than 1[1+2]", fault + "BUG: soft lockup - CPU#1[1+2]",
              fault + " detected stalls on CPUs/tasks:[1+2]", fault + "x.c:1![1+2]",
              std::string(": page allocation failure: order:0"),
              std::string(" (99): drop_caches: 3")}) {
            const std::string message = name + rest;
            ck_assert_msg(condition_of(message) == GuestCondition::running, "%s", message.c_str());
        }
    }
    for (const char* message :
         {"traps: dd[99] general protection fault ip:401000 sp:7ffc0000 error:0 in dd[400000+1000]",
          "usb 1-1: Product: Kernel panic - not syncing", "usb 1-1: Product: Oops: 0000 [#1] SMP",
          "usb 1-1: Product: INFO: task dd:99 blocked for more than 120 seconds.",
          "usb 1-1: Product: watchdog: BUG: soft lockup - CPU#1 stuck for 22s!",
          "usb 1-1: Product: Out of memory: Killed process 99 (x)"}) {
        ck_assert_msg(condition_of(message) == GuestCondition::running, "%s", message);
    }
}
END_TEST

START_TEST(tasks_that_wait_for_a_disk_hang_too) {
    const std::pair<const char*, GuestCondition> messages[] = {
        {"INFO: task dd:99 blocked in I/O wait for more than 120 seconds.",
         GuestCondition::hung_tasks},
        {"INFO: task a blocked:1 b:99 blocked in I/O wait for more than 120 seconds.",
         GuestCondition::hung_tasks},
        {"INFO: task \\x1b\\x1b\\x1b\\x1b:99 blocked for more than 120 seconds.",
         GuestCondition::hung_tasks},
        {"INFO: task dd:99 is blocked on a mutex likely owned by task  for more than :5.",
         GuestCondition::running},
        {"INFO: task dd:99 blocked on a semaphore likely last held by task  for more than :5",
         GuestCondition::running},
    };
    check_conditions(messages);
}
END_TEST

START_TEST(a_limit_of_a_container_is_no_lack_of_memory) {
    const std::pair<const char*, GuestCondition> messages[] = {
        {"Memory cgroup out of memory: Killed process 99", GuestCondition::running},
        {"Out of memory: Kill process 99 (x) score 900 or sacrifice child",
         GuestCondition::out_of_memory},
        {"Out of memory (oom_kill_allocating_task): Killed process 99 (x)",
         GuestCondition::out_of_memory},
    };
    check_conditions(messages);
}
END_TEST

START_TEST(an_oops_is_worse_than_a_lack_of_memory) {
    const Problems problems =
        problems_in(log_of({"Oops: 0000 [#1] SMP", "Out of memory: Killed process 99 (x)"}), 5);
    ck_assert(problems.worst == GuestCondition::oops);
    check_text(problems.reason, "Oops: 0000 [#1] SMP");
}
END_TEST

START_TEST(the_worst_problem_is_the_guests_condition) {
    const Problems problems =
        problems_in(log_of({"Oops: 0000 [#1] SMP", "Kernel panic - not syncing: a",
                            "INFO: task a:1 blocked for more than 1 seconds.", "x"}),
                    2);
    ck_assert(problems.worst == GuestCondition::panicked);
    check_text(problems.reason, "Kernel panic - not syncing: a");
    ck_assert_uint_eq(problems.messages.size(), 2);
    ck_assert_uint_eq(problems.hung_tasks, 1);
    ck_assert(problems_in(log_of({}), 5).worst == GuestCondition::running);
}
END_TEST

START_TEST(messages_that_a_program_wrote_are_no_problem) {
    qapi::GuestLog log = log_of({"Kernel panic - not syncing: not really"});
    log.records[0].facility = 1;
    ck_assert(problems_in(log, 5).worst == GuestCondition::running);
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

START_TEST(a_look_that_takes_too_long_is_incomplete) {
    SmallLook small(SmallLinux(), std::chrono::milliseconds(0));
    const qapi::GuestReport report = report_view(*small.look);
    check_text(report.warnings.back(),
               "incomplete: reading the guest's memory took longer than its time limit");
    must_fail(log_view(small.kernel(), {}), "the 0 ms for reading the guest's memory are over");
}
END_TEST

/// The stacks of sleeping tasks are read slower than kLimit allows; all else is read at once.
class SlowStacks final : public guest::PageSource {
  public:
    static constexpr std::chrono::milliseconds kLimit{1500};

    explicit SlowStacks(std::shared_ptr<const guest::PageSource> fast) : fast_(std::move(fast)) {}

    const guest::GuestPhysBlockList& blocks() const override { return fast_->blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        const uint64_t stacks = kSmallPhysical + SmallLinux::kStacks + SmallLinux::kStackSize;
        if (from.value >= stacks && from.value < stacks + 3 * SmallLinux::kStackSize && !slept_) {
            slept_ = true;
            std::this_thread::sleep_for(kLimit);
        }
        return fast_->read(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        return fast_->read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return fast_->extent(from, limit);
    }

  private:
    std::shared_ptr<const guest::PageSource> fast_;
    mutable bool slept_ = false;
};

std::unique_ptr<GuestLook> slow_look(const util::Cancellation& never) {
    GuestMoment moment = small_moment(SmallLinux());
    moment.memory = std::make_shared<SlowStacks>(moment.memory);
    return must(
        GuestLook::open(std::move(moment), {.threads = 1, .limit = SlowStacks::kLimit}, never));
}

START_TEST(tasks_that_take_too_long_are_incomplete) {
    const util::Cancellation never;
    const qapi::GuestTasks tasks = must(tasks_view(slow_look(never)->kernel(), {.threads = true}));
    ck_assert(tasks.incomplete == "reading the guest's memory took longer than its time limit");
    ck_assert_uint_eq(tasks.tasks.size(), 4);  // they were read before their stacks
    ck_assert(!tasks.tasks[2].waits_in);
}
END_TEST

START_TEST(stacks_that_take_too_long_are_incomplete) {
    const util::Cancellation never;
    const qapi::GuestStacks stacks =
        must(task_stacks_view(slow_look(never)->kernel(), {.threads = true}));
    ck_assert(stacks.incomplete == "reading the guest's memory took longer than its time limit");
    ck_assert_uint_lt(stacks.stacks.size(), 4);
    const BlockedTasks blocked = must(blocked_view(slow_look(never)->kernel()));
    check_text(blocked.incomplete, "reading the guest's memory took longer than its time limit");
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
                                           messages_of_the_kernel_have_their_conditions,
                                           bugs_of_each_kernel_are_an_oops,
                                           names_that_users_choose_are_no_problem,
                                           tasks_that_wait_for_a_disk_hang_too,
                                           a_limit_of_a_container_is_no_lack_of_memory,
                                           an_oops_is_worse_than_a_lack_of_memory,
                                           the_worst_problem_is_the_guests_condition,
                                           messages_that_a_program_wrote_are_no_problem,
                                           a_report_has_all_of_it,
                                           a_panic_is_named,
                                           contradictions_are_told,
                                           a_kernel_that_does_not_tell_its_symbols_still_has_a_log,
                                           a_kernel_without_types_still_has_stacks,
                                           a_look_that_takes_too_long_is_incomplete,
                                           tasks_that_take_too_long_are_incomplete,
                                           stacks_that_take_too_long_are_incomplete,
                                           a_guest_that_is_no_linux_is_refused,
                                       });
}

}  // namespace guestdump::view
