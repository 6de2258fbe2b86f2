// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/restore.h"

#include <algorithm>
#include <span>

#include "util/round.h"
#include "vm/memory/ram.h"
#include "vmcore/vmcore.h"

namespace guestdump::vm {
namespace {

/// Memory that was never written stays unwritten in the copy.
Result<> copy_populated(const guest::GuestPhysBlock& block, std::byte* to) {
    constexpr uint64_t kAtOnce = uint64_t{64} << 20;
    for (uint64_t at = 0; at < block.range.size;) {
        const uint64_t limit = std::min(block.range.size, at + kAtOnce);
        const guest::RamExtent extent =
            block.region->extent(block.offset + at, block.offset + limit);
        if (extent.populated) TRY(block.region->read(block.offset + at, {to + at, extent.length}));
        at += extent.length;
    }
    return {};
}

constexpr uint64_t kHostPage = 4096;

/// All of @blocks in one piece of this process's memory, each starting on a page of its own. A
/// vmcore may have more blocks than a process can have mappings.
Result<> load(std::span<const guest::GuestPhysBlock> blocks, AddressSpace& memory) {
    RamSpec spec;
    spec.id = "restored";
    for (const guest::GuestPhysBlock& block : blocks)
        spec.size += util::round_up(block.range.size, kHostPage);
    if (blocks.empty()) return {};
    const std::shared_ptr<Ram> ram = TRY(Ram::create(spec));
    uint64_t offset = 0;
    for (const guest::GuestPhysBlock& block : blocks) {
        std::byte* const host = ram->host() + offset;
        TRY(copy_populated(block, host));
        TRY(memory.add({.range = block.range, .region = ram, .offset = offset, .host = host}));
        offset += util::round_up(block.range.size, kHostPage);
    }
    return {};
}

}  // namespace

Result<MachineParts> restore_machine(const std::string& path, bool load_all) {
    const std::unique_ptr<vmcore::Vmcore> vmcore = TRY(vmcore::Vmcore::open(path));
    MachineParts parts;
    const guest::GuestPhysBlockList blocks = vmcore->blocks();
    if (load_all) {
        TRY(load(blocks.view(), parts.memory));
    } else {
        for (const guest::GuestPhysBlock& block : blocks.view())
            TRY(parts.memory.add(
                {.range = block.range, .region = block.region, .offset = block.offset}));
    }
    parts.ram_bytes = blocks.total_bytes();
    parts.start_registers = vmcore->vcpus();
    parts.guest_note = vmcore->guest_note();
    parts.recorded_utsname = vmcore->recorded_utsname();
    for (const std::string& warning : vmcore->contents().warnings)
        parts.warnings.push_back("'" + path + "': " + warning);
    return parts;
}

}  // namespace guestdump::vm
