// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/problems.h"

#include <algorithm>

namespace guestdump::view {
namespace {

using qapi::GuestCondition;

// Any user may choose the name of a process and the strings of a USB device, and the kernel prints
// them. So a message counts only if it begins as the kernel's own message does. Some messages begin
// with the name of a task, which has at most 15 bytes: "NAME[PID]: segfault at ...", "NAME invoked
// oom-killer: ...". So each pattern also needs more than 15 bytes of the kernel's own text, or text
// that cannot follow a name.
//
// [linux 4.18 to 7.2: kernel/panic.c, kernel/watchdog.c, kernel/hung_task.c,
// kernel/rcu/tree_stall.h, mm/oom_kill.c, lib/bug.c, arch/x86/kernel/dumpstack.c,
// arch/x86/kernel/traps.c, arch/x86/mm/fault.c]

constexpr size_t kLongestName = 15 * 4;  ///< of a task, each byte escaped as in \x1b

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/// @text without @prefix, if it begins with it.
std::string_view without(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// @text without the digits at its end.
std::string_view without_number(std::string_view text) {
    while (!text.empty() && is_digit(text.back())) text.remove_suffix(1);
    return text;
}

template <size_t N>
bool begins_with_one(std::string_view text, const std::string_view (&beginnings)[N]) {
    return std::any_of(std::begin(beginnings), std::end(beginnings),
                       [text](std::string_view beginning) { return text.starts_with(beginning); });
}

/// "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [dd:99]", "NMI watchdog: Watchdog detected
/// hard LOCKUP on cpu 1", "watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 1"
bool is_lockup(std::string_view text) {
    text = without(without(text, "NMI "), "watchdog: ");
    if (text.starts_with("BUG: soft lockup - CPU#")) return true;
    if (const size_t colon = text.find(": "); colon != text.npos && text.starts_with("CPU") &&
                                              without_number(text.substr(0, colon)) == "CPU") {
        text.remove_prefix(colon + 2);
    }
    return text.starts_with("Watchdog detected hard LOCKUP");
}

/// "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "rcu: INFO: rcu_sched self-detected
/// stall on CPU", "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 0-... }"
bool is_rcu_stall(std::string_view text) {
    constexpr std::string_view kKinds[] = {" detected stall", " self-detected stall",
                                           " detected expedited stall"};
    text = without(text, "rcu: ");
    if (!text.starts_with("INFO: rcu_")) return false;
    text.remove_prefix(std::string_view("INFO: rcu_").size());
    while (!text.empty() && (is_lower(text.front()) || text.front() == '_')) text.remove_prefix(1);
    return begins_with_one(text, kKinds);
}

/// "BUG: kernel NULL pointer dereference, address: 0000000000000000", "BUG: KASAN:
/// slab-use-after-free in f+0x1/0x2"
bool is_bug(std::string_view text) {
    constexpr std::string_view kLong[] = {
        "BUG: kernel NULL pointer dereference",
        "BUG: unable to handle ",
        "BUG: stack guard page was hit at ",
        "BUG: scheduling while atomic: ",
        "BUG: sleeping function called from invalid context ",
        "BUG: using smp_processor_id() in preemptible",
        "BUG: using __this_cpu_",
        "BUG: workqueue lockup - pool",
        "BUG: Bad page state in process ",
        "BUG: Bad page map in process ",
        "BUG: Bad page cache in process ",
        "BUG: Bad rss-counter state ",
        "BUG: non-zero pgtables_bytes on freeing mm: ",
    };
    constexpr std::string_view kShort[] = {
        "KASAN: ", "KFENCE: ", "KMSAN: ", "KCSAN: ", "spinlock ", "rwlock "};
    if (begins_with_one(text, kLong)) return true;
    if (!text.starts_with("BUG: ")) return false;
    text.remove_prefix(std::string_view("BUG: ").size());
    if (!begins_with_one(text, kShort)) return false;
    // Four letters reach beyond the longest name of a task.
    const std::string_view kind = text.substr(text.find(' ') + 1);
    return kind.size() >= 4 && !kind.starts_with("invoked ") &&
           std::all_of(kind.begin(), kind.begin() + 4,
                       [](char c) { return is_lower(c) || c == '-'; });
}

/// "kernel BUG at mm/slub.c:379!". The end is checked because the beginning is short.
bool is_failed_assertion(std::string_view text) {
    if (!text.starts_with("kernel BUG at ") || !text.ends_with('!')) return false;
    text.remove_suffix(1);
    const std::string_view place = without_number(text);
    return place.size() < text.size() && place.ends_with(':');
}

/// True if @name, which ends with ": ", is a name that die() prints, or empty.
bool is_oops_name(std::string_view name) {
    constexpr std::string_view kNames[] = {"",
                                           "Oops: ",
                                           "Bad pagetable: ",
                                           "alignment check: ",
                                           "bounds: ",
                                           "divide error: ",
                                           "double fault: ",
                                           "int3: ",
                                           "invalid TSS: ",
                                           "invalid opcode: ",
                                           "kernel stack overflow (double-fault): ",
                                           "kernel stack overflow (page fault): ",
                                           "overflow: ",
                                           "segment not present: ",
                                           "stack guard page: ",
                                           "stack segment: "};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// The first line of an oops: "Oops: 0002 [#1] PREEMPT SMP", "divide error: 0000 [#1] SMP", and
/// since Linux 6.10 "Oops: Oops: 0002 [#1] SMP", "Oops: divide error: 0000 [#1] SMP".
bool is_oops(std::string_view text) {
    constexpr std::string_view kProtection[] = {
        "general protection fault", "segment-related general protection fault",
        "Oops: general protection fault", "Oops: segment-related general protection fault"};
    if (begins_with_one(text, kProtection)) return true;
    if (text.starts_with("Internal error: Oops")) return true;  // Arm
    // A name, the error code, and the number of this oops.
    const size_t number = text.find(" [#"), end = text.find(']');
    if (number == text.npos || number < 10 || end == text.npos || end < number) return false;
    const std::string_view name = text.substr(0, number - 4), code = text.substr(number - 4, 4);
    if (!is_oops_name(without(name, "Oops: ")) || !std::all_of(code.begin(), code.end(), is_hex))
        return false;
    // The 15 bytes of "Oops: 0000 [#1]" may be the name of a task. " SMP" cannot follow a name.
    const std::string_view options = text.substr(end + 1);
    if (options.empty()) return true;
    return options.size() >= 2 && options[0] == ' ' && is_upper(options[1]);
}

/// "INFO: task dd:99 blocked for more than 120 seconds.", and since Linux 7.1 "INFO: task dd:99
/// blocked in I/O wait for more than 120 seconds." The name of the task may contain any text.
bool is_hung_task(std::string_view text) {
    constexpr std::string_view kBegin = "INFO: task ", kBlocked = " blocked";
    constexpr size_t kLongestReason = 32;
    if (!text.starts_with(kBegin)) return false;
    const size_t time = text.rfind(" for more than ");
    const size_t blocked = text.substr(0, time).rfind(kBlocked);
    if (time == text.npos || blocked == text.npos) return false;
    if (time - blocked > kBlocked.size() + kLongestReason) return false;
    const std::string_view task = text.substr(0, blocked), name = without_number(task);
    return name.size() < task.size() && name.ends_with(':') &&
           name.size() <= kBegin.size() + kLongestName + 1;
}

/// "Out of memory: Killed process 99 (dd) ...", and before Linux 5.1 "Out of memory: Kill process".
/// "Memory cgroup out of memory: ..." is routine in containers: a limit was reached, not the memory
/// of the guest.
bool is_out_of_memory(std::string_view text) {
    constexpr std::string_view kBeginnings[] = {"Out of memory: Kill",
                                                "Out of memory (oom_kill_allocating_task): Kill"};
    return begins_with_one(text, kBeginnings);
}

}  // namespace

GuestCondition condition_of(std::string_view message) {
    if (message.starts_with("Kernel panic - not syncing")) return GuestCondition::panicked;
    if (is_lockup(message) || is_rcu_stall(message)) return GuestCondition::soft_lockup;
    if (is_bug(message) || is_failed_assertion(message) || is_oops(message))
        return GuestCondition::oops;
    if (is_hung_task(message)) return GuestCondition::hung_tasks;
    if (is_out_of_memory(message)) return GuestCondition::out_of_memory;
    return GuestCondition::running;
}

Problems problems_in(const qapi::GuestLog& log, size_t most_messages) {
    Problems problems;
    for (const qapi::GuestLogRecord& record : log.records) {
        // Only messages of the kernel itself: a process that may write /dev/kmsg can write any
        // text.
        if (record.facility != 0) continue;
        const GuestCondition condition = condition_of(record.text);
        if (condition == GuestCondition::running) continue;
        problems.messages.push_back(record);
        if (condition == GuestCondition::hung_tasks) ++problems.hung_tasks;
        if (condition < problems.worst) continue;
        problems.worst = condition;
        problems.reason = record.text;
    }
    const size_t left_out =
        problems.messages.size() - std::min(problems.messages.size(), most_messages);
    problems.messages.erase(problems.messages.begin(),
                            problems.messages.begin() + static_cast<ptrdiff_t>(left_out));
    return problems;
}

}  // namespace guestdump::view
