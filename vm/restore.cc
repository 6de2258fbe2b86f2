// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/restore.h"

#include <algorithm>
#include <cinttypes>
#include <span>

#include "guest/zero_region.h"
#include "util/round.h"
#include "util/text.h"
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

/// Adds memory of zeros. It takes no space until the machine writes to it.
Result<> add_zeros(const guest::RangeList& ranges, guest::GuestPhysBlockList& blocks) {
    if (ranges.empty()) return {};
    const auto region = std::make_shared<const guest::ZeroRegion>();
    for (const guest::GpaRange& range : ranges)
        TRY(blocks.add({.range = range, .region = region, .offset = range.start.value}));
    return {};
}

}  // namespace

Result<MachineParts> restore_machine(const std::string& path, bool load_all) {
    const std::unique_ptr<vmcore::Vmcore> vmcore = TRY(vmcore::Vmcore::open(path));
    if (const vmcore::Contents& contents = vmcore->contents(); !contents.machine.is_x86()) {
        return Error::make("'%s' is of machine %s, only x86 guests can be restored", path.c_str(),
                           vmcore::name_of(contents.machine).c_str());
    }
    MachineParts parts;
    guest::GuestPhysBlockList blocks = vmcore->blocks();
    TRY(add_zeros(vmcore->left_out().ranges, blocks));
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
    parts.recorded_notes = vmcore->recorded_notes();
    parts.recorded_utsname = vmcore->recorded_utsname();
    if (parts.start_registers.empty()) parts.recorded_arch = TRY(vmcore->arch_info(blocks));
    for (const std::string& warning : vmcore->contents().warnings)
        parts.warnings.push_back("'" + path + "': " + warning);
    if (const uint64_t bytes = total_bytes(vmcore->left_out().ranges); bytes != 0) {
        parts.warnings.push_back(util::text("'%s': %" PRIu64
                                            " pages were left out of the file; they read as zero",
                                            path.c_str(), bytes / vmcore::kPageSize));
    }
    return parts;
}

}  // namespace guestdump::vm
