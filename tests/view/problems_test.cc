// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/problems.h"
#include <span>

#include "tests/linux/same_text.h"
#include "tests/support/run_suites.h"
#include "tests/view/small_guest.h"
#include "view/report_view.h"

namespace guestdump::view {

Suite* problems_suite();

namespace {

using linux_guest::check_text;
using linux_guest::SmallLinux;
using qapi::GuestCondition;

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

}  // namespace

Suite* problems_suite() {
    return support::make_suite(
        "problems",
        {messages_of_the_kernel_have_their_conditions, bugs_of_each_kernel_are_an_oops,
         names_that_users_choose_are_no_problem, tasks_that_wait_for_a_disk_hang_too,
         a_limit_of_a_container_is_no_lack_of_memory, an_oops_is_worse_than_a_lack_of_memory,
         the_worst_problem_is_the_guests_condition, messages_that_a_program_wrote_are_no_problem});
}

}  // namespace guestdump::view
