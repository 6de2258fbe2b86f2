// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include <cinttypes>

#include "linux/state/kernel_state.h"
#include "util/text.h"
#include "view/log_view.h"
#include "view/report_view.h"
#include "view/stack_view.h"

namespace guestdump::view {
namespace {

using util::text;

const char* condition_words(qapi::GuestCondition condition) {
    switch (condition) {
        case qapi::GuestCondition::unknown:
            return "not known";
        case qapi::GuestCondition::running:
            return "running";
        case qapi::GuestCondition::hung_tasks:
            return "tasks hang";
        case qapi::GuestCondition::soft_lockup:
            return "a CPU is or was locked up";
        case qapi::GuestCondition::oops:
            return "the kernel met a bug";
        case qapi::GuestCondition::out_of_memory:
            return "was out of memory";
        case qapi::GuestCondition::panicked:
            break;
    }
    return "panicked";
}

/// "2026-11-30T13:26:14Z". A guest's clock may have any value, so the time may be invalid.
std::string time_text(int64_t seconds) {
    GDateTime* const time = g_date_time_new_from_unix_utc(seconds);
    if (!time) return "not a valid time";
    char* const words = g_date_time_format_iso8601(time);
    std::string told = words;
    g_free(words);
    g_date_time_unref(time);
    return told;
}

std::string uptime_text(uint64_t seconds) {
    const uint64_t days = seconds / 86400;
    const std::string rest = text("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds % 86400 / 3600,
                                  seconds % 3600 / 60, seconds % 60);
    return days > 0 ? text("%" PRIu64 " days ", days) + rest : rest;
}

std::string kernel_text(const qapi::GuestReport& report) {
    std::string out;
    if (report.release) {
        out += "kernel:      Linux " + *report.release;
        if (report.version) out += " " + *report.version;
        out += "\n";
    }
    if (report.nodename) out += "host name:   " + *report.nodename + "\n";
    if (report.command_line) out += "command:     " + *report.command_line + "\n";
    if (report.time) out += "time:        " + time_text(*report.time) + "\n";
    if (report.uptime) out += "uptime:      " + uptime_text(*report.uptime) + "\n";
    if (report.load_1 && report.load_5 && report.load_15) {
        out +=
            text("load:        %.2f %.2f %.2f\n", *report.load_1, *report.load_5, *report.load_15);
    }
    if (report.taint && *report.taint != 0) {
        out += "tainted:     " + linux_guest::taint_letters(*report.taint) +
               text(" (0x%" PRIx64 ")\n", *report.taint);
    }
    return out;
}

std::string memory_text(const qapi::GuestReport& report) {
    if (report.memory.empty()) return "";
    std::string out = "memory:     ";
    size_t column = out.size();
    for (const qapi::GuestMemoryUse& use : report.memory) {
        const std::string word =
            text(" %s %.1f MiB%s", use.name.c_str(), static_cast<double>(use.bytes) / (1 << 20),
                 &use == &report.memory.back() ? "" : ",");
        if (column + word.size() > 79) {
            out += "\n            ";
            column = 12;
        }
        out += word;
        column += word.size();
    }
    return out + "\n";
}

std::string blocked_text(const qapi::GuestReport& report) {
    size_t tasks = 0;
    for (const qapi::GuestEqualStacks& group : report.blocked) tasks += group.tasks.size();
    std::string out = text("\nblocked (state D): %zu of %u tasks\n", tasks, report.task_count);
    for (const qapi::GuestEqualStacks& group : report.blocked) {
        out += "  " + task_heading(group.tasks.front());
        if (group.tasks.size() > 1) {
            out += text("  and %zu more with the same stack", group.tasks.size() - 1);
        }
        out += "\n" + stack_text(group.stack);
    }
    return out;
}

}  // namespace

std::string report_text(const qapi::GuestReport& report) {
    std::string out = std::string("state:       ") + condition_words(report.condition);
    if (report.panic_cpu) out += text(" on CPU %u", *report.panic_cpu);
    if (report.reason) out += ": " + report.reason->substr(0, report.reason->find('\n'));
    out += "\n" + kernel_text(report) + memory_text(report);
    for (const std::string& warning : report.warnings) out += "warning:     " + warning + "\n";
    if (!report.cpus.empty()) {
        qapi::GuestStacks cpus;
        cpus.stacks = report.cpus;
        out += "\n" + stacks_text(cpus);
    }
    if (report.task_count > 0) out += blocked_text(report);
    if (!report.problems.empty()) out += "\nproblems in the log:\n";
    for (const auto& record : report.problems) out += log_record_text(record, {});
    if (!report.log.empty()) out += "\nlast messages of the log:\n";
    for (const auto& record : report.log) out += log_record_text(record, {});
    return out;
}

}  // namespace guestdump::view
