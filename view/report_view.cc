// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/report_view.h"

#include <algorithm>
#include <cinttypes>

#include "linux/guest_utsname.h"
#include "linux/state/kernel_state.h"
#include "util/text.h"
#include "view/log_view.h"
#include "view/printable.h"
#include "view/problems.h"
#include "view/stack_view.h"

namespace guestdump::view {
namespace {

using linux_guest::GuestKernel;
using util::text;

constexpr size_t kMostProblems = 10;
constexpr size_t kLastMessages = 20;

void warn(qapi::GuestReport& report, const char* what, const std::string& why) {
    report.warnings.push_back(std::string(what) + ": " + util::printable(why));
}

std::optional<std::string> if_any(const std::string& text) {
    if (text.empty()) return std::nullopt;
    return printable_word(text);
}

void add_names(GuestLook& look, qapi::GuestReport& report) {
    guest::ArchDumpInfo arch = look.moment().arch;
    const auto phys_base = look.kernel().vmcoreinfo().number("phys_base");
    if (phys_base) arch.phys_base = guest::Gpa{*phys_base};
    const guest::Utsname name =
        linux_guest::guest_utsname(look.kernel().vmcoreinfo(), arch, *look.moment().memory);
    report.release = if_any(name.release);
    report.version = if_any(name.version);
    report.nodename = if_any(name.nodename);
    if (phys_base && name.version.empty()) {
        warn(report, "contradiction",
             "init_uts_ns does not have the release that VMCOREINFO names");
    }
}

void add_state(GuestKernel& kernel, qapi::GuestReport& report) {
    const auto symbols = kernel.symbols();
    if (!symbols) return warn(report, "stacks and tasks cannot be read", symbols.error().message());
    const auto types = kernel.types();
    if (!types) warn(report, "tasks cannot be read", types.error().message());
    const auto state =
        linux_guest::read_kernel_state(kernel.memory(), **symbols, types ? *types : nullptr);
    if (state.command_line) report.command_line = printable_word(*state.command_line);
    report.time = state.time;
    report.uptime = state.uptime;
    report.taint = state.taint;
    report.panic_cpu = state.panic_cpu;
    if (state.load) {
        report.load_1 = (*state.load)[0];
        report.load_5 = (*state.load)[1];
        report.load_15 = (*state.load)[2];
    }
    for (const auto& use : state.memory) report.memory.push_back({use.name, use.bytes});
    const std::string& modules = kernel.modules().incomplete;
    if (types && !modules.empty()) warn(report, "modules are missing", modules);
}

/// Warns if a CPU's current task records that it does not run, or runs on another CPU.
void check_cpus(qapi::GuestReport& report) {
    for (const qapi::GuestTaskStack& entry : report.cpus) {
        if (!entry.cpu || !entry.task) continue;
        if (!entry.task->running || entry.task->cpu != *entry.cpu) {
            warn(report, "contradiction",
                 text("CPU %u executes task %u, which says that it %s CPU %u", *entry.cpu,
                      entry.task->pid, entry.task->running ? "runs on" : "last ran on",
                      entry.task->cpu));
        }
    }
}

void add_cpus(GuestKernel& kernel, qapi::GuestReport& report) {
    if (!kernel.symbols()) return;
    auto stacks = cpu_stacks_view(kernel);
    if (!stacks) return warn(report, "CPUs cannot be read", stacks.error().message());
    report.cpus = std::move(stacks->stacks);
    if (stacks->incomplete) warn(report, "CPUs are missing", *stacks->incomplete);
    check_cpus(report);
}

void add_tasks(GuestKernel& kernel, qapi::GuestReport& report) {
    if (!kernel.types()) return;
    auto blocked = blocked_view(kernel);
    if (!blocked) return warn(report, "tasks cannot be read", blocked.error().message());
    report.blocked = std::move(blocked->groups);
    report.task_count = static_cast<uint32_t>(blocked->task_count);
    if (!blocked->incomplete.empty()) warn(report, "tasks are missing", blocked->incomplete);
}

void add_log(GuestKernel& kernel, qapi::GuestReport& report) {
    auto log = log_view(kernel, {});
    if (!log) {
        report.condition = qapi::GuestCondition::unknown;
        return warn(report, "the log cannot be read", log.error().message());
    }
    if (log->incomplete) warn(report, "messages of the log are missing", *log->incomplete);
    Problems problems = problems_in(*log, kMostProblems);
    report.condition = problems.worst;
    if (!problems.reason.empty()) report.reason = std::move(problems.reason);
    report.problems = std::move(problems.messages);
    const size_t last = std::min(log->records.size(), kLastMessages);
    report.log.assign(log->records.end() - static_cast<ptrdiff_t>(last), log->records.end());
}

}  // namespace

qapi::GuestReport report_view(GuestLook& look) {
    GuestKernel& kernel = look.kernel();
    qapi::GuestReport report;
    add_log(kernel, report);
    add_names(look, report);
    add_state(kernel, report);
    add_cpus(kernel, report);
    add_tasks(kernel, report);
    if (report.panic_cpu && report.condition != qapi::GuestCondition::panicked) {
        report.condition = qapi::GuestCondition::panicked;
        report.reason.reset();  // it is of another condition
    }
    if (kernel.timed_out()) {
        warn(report, "incomplete", "reading the guest's memory took longer than its time limit");
    }
    return report;
}

qapi::GuestReport no_report(const std::string& why) {
    qapi::GuestReport report;
    report.condition = qapi::GuestCondition::unknown;
    report.warnings.push_back(util::printable(why));
    return report;
}

qapi::GuestReport report_of(GuestMoment moment, const LookOptions& options,
                            const util::Cancellation& cancellation) {
    const auto look = GuestLook::open(std::move(moment), options, cancellation);
    if (!look) return no_report(look.error().message());
    return report_view(**look);
}

Result<std::string> condition_text(GuestLook& look) {
    const auto log = TRY(log_view(look.kernel(), {}));
    const Problems problems = problems_in(log, 0);
    const std::string reason = problems.reason.substr(0, problems.reason.find('\n'));
    // The message of a panic may have left the log, or not have reached it.
    const auto symbols = look.kernel().symbols();
    const bool logged = problems.worst == qapi::GuestCondition::panicked;
    if (const auto cpu = symbols && !logged
                             ? linux_guest::panic_cpu(look.kernel().memory(), **symbols)
                             : std::nullopt)
        return text("panicked on CPU %u", *cpu);
    switch (problems.worst) {
        case qapi::GuestCondition::panicked: {
            const size_t colon = reason.find(": ");
            return "panicked: " + (colon == reason.npos ? reason : reason.substr(colon + 2));
        }
        case qapi::GuestCondition::hung_tasks:
            return text("hung tasks: %zu", problems.hung_tasks);
        case qapi::GuestCondition::soft_lockup:
            return "locked up: " + reason;
        case qapi::GuestCondition::oops:
            return "met a bug: " + reason;
        case qapi::GuestCondition::out_of_memory:
            return "was out of memory: " + reason;
        case qapi::GuestCondition::unknown:
        case qapi::GuestCondition::running:
            break;
    }
    return std::string("running");
}

}  // namespace guestdump::view
