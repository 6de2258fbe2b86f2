// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/program_mappings.h"

#include <algorithm>

namespace guestdump::dump {
namespace {

/// Puts the program headers' mappings together.
class Splitter {
  public:
    explicit Splitter(const PagingScope& scope) : scope_(scope) {}

    /// Of about @count mappings; splitting makes more of them.
    Result<> expect(size_t count) { return result_.reserve(count); }

    /// Adds the parts of @mapping that lie in blocks. They are not joined again, though they touch:
    /// each program header covers one block.
    Result<> add(const guest::MemoryMapping& mapping) {
        if (result_.size() % kCheckEvery == 0) TRY(scope_.cancellation.check());
        if (scope_.elf_class == format::ElfClass::k32 && last_virtual(mapping) > UINT32_MAX) {
            return Error::make("the mapping at virtual address 0x%" PRIx64 " ends at 0x%" PRIx64
                               ", beyond the 32 bits of ELF32",
                               mapping.virt.value, last_virtual(mapping));
        }
        const guest::GpaRange wanted{mapping.phys, mapping.length};
        const std::span<const guest::GuestPhysBlock> blocks = scope_.dumped.view();
        const guest::GuestPhysBlock* block = scope_.dumped.find_from(mapping.phys);
        for (; block && block != blocks.data() + blocks.size(); ++block) {
            const std::optional<guest::GpaRange> part = block->range.overlap(wanted);
            if (!part) break;
            if (result_.size() >= scope_.most_mappings)
                return guest::too_many(scope_.most_mappings);
            const uint64_t skip = part->start.value - mapping.phys.value;
            TRY(result_.push_back(
                {part->start, guest::Gva{mapping.virt.value + skip}, part->size}));
        }
        return {};
    }

    /// Adds every block at virtual address @window plus its physical one. They do not count
    /// towards most_mappings.
    Result<> add_window(uint64_t window) {
        for (const guest::GuestPhysBlock& block : scope_.dumped.view()) {
            const guest::Gpa start = block.range.start;
            TRY(result_.push_back({start, guest::Gva{window + start.value}, block.range.size}));
        }
        return {};
    }

    guest::MemoryMappings take() && { return std::move(result_); }

  private:
    /// Mappings between two looks at whether the dump is still wanted: well under a millisecond.
    static constexpr size_t kCheckEvery = size_t{1} << 12;

    static uint64_t last_virtual(const guest::MemoryMapping& mapping) {
        return mapping.virt.value + (mapping.length - 1);
    }

    const PagingScope& scope_;
    guest::MemoryMappings result_;
};

}  // namespace

Result<guest::MemoryMappings> simple_mappings(const guest::GuestPhysBlockList& blocks,
                                              const std::optional<guest::MemoryMapping>& image) {
    guest::MemoryMappings result;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        TRY(result.push_back(
            {block.range.start, guest::Gva{block.range.start.value}, block.range.size}));
    }
    if (!image) return result;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        const auto part = block.range.overlap({image->phys, image->length});
        if (!part) continue;
        const uint64_t skip = part->start.value - image->phys.value;
        TRY(result.push_back({part->start, guest::Gva{image->virt.value + skip}, part->size}));
    }
    return result;
}

Result<guest::MemoryMappings> vbox_mappings(const guest::GuestPhysBlockList& memory,
                                            const guest::GuestPhysBlockList& dumped,
                                            const std::optional<guest::GpaRange>& only) {
    guest::MemoryMappings result;
    for (const guest::GuestPhysBlock& block : dumped.view()) {
        TRY(result.push_back({block.range.start, guest::Gva{0}, block.range.size}));
    }
    const std::span<const guest::GuestPhysBlock> blocks = memory.view();
    for (size_t i = 1; i < blocks.size(); ++i) {
        const uint64_t from = blocks[i - 1].range.last() + 1, to = blocks[i].range.start.value;
        if (from == to) continue;
        const guest::GpaRange gap{guest::Gpa{from}, to - from};
        const auto part = only ? gap.overlap(*only) : gap;
        if (part) TRY(result.push_back({part->start, guest::Gva{0}, part->size}));
    }
    std::sort(result.begin(), result.end(),
              [](const auto& left, const auto& right) { return left.phys < right.phys; });
    return result;
}

Result<guest::MemoryMappings> paging_mappings(std::span<const guest::Cpu> cpus,
                                              const PagingScope& scope) {
    guest::MemoryMappingList walked(scope.most_mappings);
    const auto walk = cpus.empty() ? nullptr : cpus.front().architecture().append_mappings;
    size_t spaces = 0;
    if (walk) spaces = TRY(walk(cpus, scope.memory, scope.cancellation, walked));
    if (spaces == 0) return simple_mappings(scope.dumped);
    if (spaces > 1) TRY(walked.normalize(scope.cancellation));  // one walk is in order by itself

    Splitter splitter(scope);
    TRY(splitter.expect(walked.view().size() + scope.dumped.view().size()));
    for (const guest::MemoryMapping& mapping : walked.view()) TRY(splitter.add(mapping));
    TRY(splitter.add_window(scope.elf_class == format::ElfClass::k64 ? kPhysicalWindow : 0));
    return std::move(splitter).take();
}

}  // namespace guestdump::dump
