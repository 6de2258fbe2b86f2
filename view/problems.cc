// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/problems.h"

namespace guestdump::view {
namespace {

using qapi::GuestCondition;

/// Texts that a message must contain, both of them, to report @condition.
struct Pattern {
    GuestCondition condition;
    std::string_view first, second;
};

// The first match decides, so the order matters: a soft lockup's message contains "BUG: " too.
// [linux kernel/panic.c, kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h,
// mm/oom_kill.c, arch/x86/kernel/dumpstack.c]
constexpr Pattern kPatterns[] = {
    {GuestCondition::panicked, "Kernel panic - not syncing", ""},
    {GuestCondition::soft_lockup, "BUG: soft lockup", ""},
    {GuestCondition::soft_lockup, "Watchdog detected hard LOCKUP", ""},
    {GuestCondition::soft_lockup, "rcu: INFO:", "stall"},
    {GuestCondition::oops, "BUG: ", ""},
    {GuestCondition::oops, "kernel BUG at ", ""},
    {GuestCondition::oops, "Oops: ", ""},
    {GuestCondition::oops, "general protection fault", ""},
    {GuestCondition::hung_tasks, "INFO: task ", "blocked for more than"},
    {GuestCondition::out_of_memory, "ut of memory: Kill", ""},
};

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace

GuestCondition condition_of(std::string_view message) {
    // "---[ end Kernel panic" repeats the reason that the panic's first message gave.
    if (has(message, "---[ end ")) return GuestCondition::running;
    for (const Pattern& pattern : kPatterns) {
        if (has(message, pattern.first) && has(message, pattern.second)) return pattern.condition;
    }
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
