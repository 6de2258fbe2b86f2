// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/program_mappings.h"

#include <set>

namespace dump {
namespace {

/// Adds the parts of @mapping that lie in @blocks. They are not joined again, though they touch:
/// each program header tells of one block.
void add_split(const MemoryMapping& mapping, const GuestPhysBlockList& blocks,
               std::vector<MemoryMapping>& out) {
    const GpaRange wanted{mapping.phys, mapping.length};
    const GuestPhysBlock* block = blocks.find_from(mapping.phys);
    for (const GuestPhysBlock* end = blocks.view().data() + blocks.view().size();
         block && block != end; ++block) {
        const std::optional<GpaRange> part = block->range.overlap(wanted);
        if (!part) break;
        const uint64_t skip = part->start.value - mapping.phys.value;
        out.push_back({part->start, Gva{mapping.virt.value + skip}, part->size});
    }
}

}  // namespace

std::vector<MemoryMapping> simple_mappings(const GuestPhysBlockList& blocks) {
    std::vector<MemoryMapping> result;
    for (const GuestPhysBlock& block : blocks.view()) {
        result.push_back({block.range.start, Gva{0}, block.range.size});
    }
    return result;
}

Result<std::vector<MemoryMapping>> paging_mappings(const std::vector<const Cpu*>& cpus,
                                                   const GuestPhysBlockList& all,
                                                   const GuestPhysBlockList& dumped) {
    MemoryMappingList walked;
    std::set<PagingRoot> seen;
    for (const Cpu* cpu : cpus) {
        const std::optional<PagingRoot> root = cpu->paging_root();
        if (root && seen.insert(*root).second) TRY(cpu->append_mappings(all, walked));
    }
    if (seen.empty()) return simple_mappings(dumped);
    walked.normalize();

    std::vector<MemoryMapping> result;
    for (const MemoryMapping& mapping : walked.view()) add_split(mapping, dumped, result);
    return result;
}

}  // namespace dump
