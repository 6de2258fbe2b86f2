// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "vm/machine.h"

namespace vm {

Result<> Machine::synchronize() {
    std::vector<std::unique_ptr<dump::Cpu>> cpus;
    const auto traits = frozen() ? target_i386::PagingTraits{} : parts_.accel->paging_traits();
    for (unsigned cpu = 0; cpu < cpu_count(); ++cpu) {
        const target_i386::Registers registers =
            frozen() ? parts_.start_registers[cpu] : TRY(parts_.accel->registers(cpu));
        cpus.push_back(std::make_unique<target_i386::Cpu>(registers, traits));
    }
    cpus_ = std::move(cpus);
    return {};
}

Result<target_i386::Registers> Machine::registers(unsigned cpu) {
    if (frozen()) return parts_.start_registers[cpu];
    const bool runs = running();
    if (runs) parts_.accel->halt();
    Result<target_i386::Registers> registers = parts_.accel->registers(cpu);
    if (runs) parts_.accel->run();
    return registers;
}

std::vector<const dump::Cpu*> Machine::cpus() const {
    std::vector<const dump::Cpu*> all;
    for (const auto& cpu : cpus_) all.push_back(cpu.get());
    return all;
}

Result<dump::ArchDumpInfo> Machine::arch_info(const dump::GuestPhysBlockList& blocks) const {
    if (cpus_.empty()) return Error::make("dumping guest memory is not supported on this target");
    const auto* first = static_cast<const target_i386::Cpu*>(cpus_.front().get());
    return target_i386::dump_info(first->registers(), blocks);
}

}  // namespace vm
