// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <string>

#include "monitor/commands/guest_memory.h"
#include "monitor/commands/register_text.h"
#include "monitor/hmp/hmp_command.h"
#include "monitor/monitor.h"
#include "util/text.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

Result<std::string> choose_cpu(Monitor& monitor, const HmpArguments& arguments) {
    const int64_t cpu = arguments.number("index").value_or(0);
    TRY(registers_of(monitor.services.machine, cpu));
    monitor.cpu = cpu;
    return std::string();
}

Result<std::string> text_of(Monitor& monitor, int64_t cpu) {
    const target_i386::Registers registers = TRY(registers_of(monitor.services.machine, cpu));
    return util::text("\nCPU#%" PRId64 "\n", cpu) + register_text(registers);
}

Result<std::string> info_registers(Monitor& monitor, const HmpArguments& arguments) {
    if (!arguments.flag('a')) {
        return text_of(monitor, arguments.number("vcpu").value_or(monitor.cpu));
    }
    std::string text;
    for (unsigned cpu = 0; cpu < monitor.services.machine.cpu_count(); ++cpu) {
        const std::string one = TRY(text_of(monitor, cpu));
        text += one;
    }
    return text;
}

using Kind = HmpParameter::Kind;
constexpr HmpParameter kIndex[] = {{Kind::number, "index"}};
constexpr HmpParameter kAllOrOne[] = {{Kind::flag, "a"}, {Kind::number, "vcpu", true}};

constexpr HmpCommand kCommands[] = {
    {"cpu", kIndex, "index", "set the default CPU", at_once<choose_cpu>},
    {"info registers", kAllOrOne, "[-a|vcpu]",
     "show the cpu registers (-a: of all cpus; vcpu: of that one; of the default CPU if no "
     "argument "
     "is specified)",
     at_once<info_registers>},
};

}  // namespace

std::span<const HmpCommand> hmp_register_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
