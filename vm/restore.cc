// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/restore.h"

#include "vmcore/vmcore.h"

namespace vm {

Result<MachineParts> restore_machine(const std::string& path) {
    const std::unique_ptr<vmcore::Vmcore> vmcore = TRY(vmcore::Vmcore::open(path));
    MachineParts parts;
    const dump::GuestPhysBlockList blocks = vmcore->blocks();
    for (const dump::GuestPhysBlock& block : blocks.view()) {
        TRY(parts.memory.add(
            {.range = block.range, .region = block.region, .offset = block.offset}));
    }
    parts.ram_bytes = blocks.total_bytes();
    for (const target_i386::Cpu& cpu : vmcore->vcpus())
        parts.start_registers.push_back(cpu.registers());
    parts.guest_note = vmcore->guest_note();
    for (const std::string& warning : vmcore->contents().warnings)
        parts.warnings.push_back("'" + path + "': " + warning);
    return parts;
}

}  // namespace vm
