// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/restore.h"

#include <algorithm>
#include <cinttypes>

#include "util/text.h"
#include "vm/ram.h"
#include "vmcore/vmcore.h"

namespace vm {
namespace {

/// Memory that was never written stays so in the copy.
Result<> copy_populated(const dump::GuestPhysBlock& block, const Ram& ram) {
    constexpr uint64_t kAtOnce = uint64_t{64} << 20;
    for (uint64_t at = 0; at < block.range.size;) {
        const uint64_t limit = std::min(block.range.size, at + kAtOnce);
        const dump::RamExtent extent =
            block.region->extent(block.offset + at, block.offset + limit);
        if (extent.populated)
            TRY(block.region->read(block.offset + at, {ram.host() + at, extent.length}));
        at += extent.length;
    }
    return {};
}

Result<MappedMemory> load(const dump::GuestPhysBlock& block) {
    RamSpec spec;
    spec.id = util::text("restored-0x%" PRIx64, block.range.start.value);
    spec.size = block.range.size;
    const std::shared_ptr<Ram> ram = TRY(Ram::create(spec));
    TRY(copy_populated(block, *ram));
    return MappedMemory{.range = block.range, .region = ram, .host = ram->host()};
}

}  // namespace

Result<MachineParts> restore_machine(const std::string& path, bool load_all) {
    const std::unique_ptr<vmcore::Vmcore> vmcore = TRY(vmcore::Vmcore::open(path));
    MachineParts parts;
    const dump::GuestPhysBlockList blocks = vmcore->blocks();
    for (const dump::GuestPhysBlock& block : blocks.view()) {
        MappedMemory piece{.range = block.range, .region = block.region, .offset = block.offset};
        if (load_all) piece = TRY(load(block));
        TRY(parts.memory.add(std::move(piece)));
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
