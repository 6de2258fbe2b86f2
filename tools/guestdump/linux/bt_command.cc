// SPDX-License-Identifier: GPL-2.0-or-later
#include <charconv>

#include "qapi/marshal.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/guestdump_commands.h"
#include "tools/guestdump/linux/guest_source.h"
#include "tools/guestdump/linux/task_options.h"
#include "view/stack_view.h"

namespace guestdump::tools {
namespace {

/// The stacks to print. If no member is set, those of what runs on all CPUs.
struct Wanted {
    std::optional<uint32_t> pid;
    std::optional<uint64_t> cpu;
    std::optional<char> state;
    bool all = false;
};

Result<std::optional<uint32_t>> parse_pid(const std::vector<std::string>& operands) {
    if (operands.empty()) return std::optional<uint32_t>();
    if (operands.size() > 1) return Error::make("%zu tasks where 1 is expected", operands.size());
    const std::string& text = operands[0];
    uint32_t pid = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), pid);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        return Error::make("a task's ID is a number, not '%s'", text.c_str());
    }
    return std::optional(pid);
}

Result<> refuse_several(const Wanted& wanted) {
    const int given = wanted.pid.has_value() + wanted.cpu.has_value() + wanted.state.has_value() +
                      (wanted.all ? 1 : 0);
    if (given > 1) return Error::make("give only one of PID, --cpu, --state and --all");
    return {};
}

Result<qapi::GuestStacks> stacks_of_cpus(linux_guest::GuestKernel& kernel,
                                         std::optional<uint64_t> cpu) {
    qapi::GuestStacks stacks = TRY(view::cpu_stacks_view(kernel));
    if (!cpu) return stacks;
    std::erase_if(stacks.stacks,
                  [cpu](const qapi::GuestTaskStack& entry) { return entry.cpu != cpu; });
    if (stacks.stacks.empty()) {
        return Error::make("the guest has no CPU %llu", static_cast<unsigned long long>(*cpu));
    }
    return stacks;
}

Result<qapi::GuestStacks> stacks_of(linux_guest::GuestKernel& kernel, const Wanted& wanted) {
    if (!wanted.pid && !wanted.state && !wanted.all) return stacks_of_cpus(kernel, wanted.cpu);
    qapi::GuestStacks stacks = TRY(view::task_stacks_view(
        kernel, {.threads = true, .state = wanted.state, .pid = wanted.pid}));
    if (wanted.pid && stacks.stacks.empty() && !stacks.incomplete) {
        return Error::make("the guest has no task %u", *wanted.pid);
    }
    return stacks;
}

}  // namespace

Result<int> bt_command(int argc, char** argv) {
    gboolean all = FALSE;
    OptionText cpu, state;
    GuestOptions guest("bt", "print one line of JSON (GuestStacks)");
    std::vector<GOptionEntry> entries = guest.entries();
    const std::vector<GOptionEntry> own = {
        {"cpu", 0, 0, G_OPTION_ARG_STRING, cpu.address(), "what runs on this CPU", "N"},
        {"state", 0, 0, G_OPTION_ARG_STRING, state.address(), "all tasks in this state, such as D",
         "LETTER"},
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "all tasks", nullptr},
        {},
    };
    entries.insert(entries.end(), own.begin(), own.end());
    const Usage usage("[FILE] [PID]",
                      "Prints kernel stacks of a Linux guest: in a vmcore, or in a running QEMU.");
    auto operands = TRY(parse_command_line(argc, argv, usage, 0, 2, entries.data()));
    std::vector<std::string> files;
    if (!guest.names_machine() && !operands.empty()) {
        files.push_back(operands.front());
        operands.erase(operands.begin());
    }
    Wanted wanted;
    wanted.pid = TRY(parse_pid(operands));
    wanted.cpu = TRY(parse_number("cpu", cpu));
    wanted.state = TRY(parse_state(state));
    wanted.all = all != FALSE;
    TRY(refuse_several(wanted));
    const util::Cancellation cancellation;
    const OpenGuest opened = TRY(guest.open(files, cancellation));
    const qapi::GuestStacks stacks = TRY(stacks_of(opened.look->kernel(), wanted));
    return guest.answer(*opened.source, qapi::to_json(stacks), view::stacks_text(stacks),
                        stacks.incomplete);
}

}  // namespace guestdump::tools
