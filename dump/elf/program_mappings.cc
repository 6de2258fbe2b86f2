// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/program_mappings.h"

#include <algorithm>

namespace guestdump::dump {
namespace {

/// Collects the mappings of the program headers.
class Splitter {
  public:
    explicit Splitter(const PagingScope& scope) : scope_(scope) {}

    /// Reserves memory for about @count mappings; splitting makes more.
    Result<> expect(size_t count) { return result_.reserve(count); }

    /// Adds the parts of @mapping that lie in pieces. Adjacent parts are not joined again: each
    /// program header covers one piece.
    Result<> add(const guest::MemoryMapping& mapping) {
        if (result_.size() % kCheckEvery == 0) TRY(scope_.cancellation.check());
        if (scope_.elf_class == format::ElfClass::k32 && last_virtual(mapping) > UINT32_MAX) {
            return Error::make("the mapping at virtual address 0x%" PRIx64 " ends at 0x%" PRIx64
                               ", beyond the 32 bits of ELF32",
                               mapping.virt.value, last_virtual(mapping));
        }
        const guest::GpaRange wanted{mapping.phys, mapping.length};
        const MemoryPieces& pieces = scope_.pieces;
        auto piece = std::partition_point(
            pieces.begin(), pieces.end(),
            [&](const guest::GpaRange& one) { return one.last() < mapping.phys.value; });
        for (; piece != pieces.end(); ++piece) {
            const std::optional<guest::GpaRange> part = piece->overlap(wanted);
            if (!part) break;
            if (result_.size() >= scope_.most_mappings)
                return guest::too_many(scope_.most_mappings);
            const uint64_t skip = part->start.value - mapping.phys.value;
            TRY(result_.push_back(
                {part->start, guest::Gva{mapping.virt.value + skip}, part->size}));
        }
        return {};
    }

    /// Adds every piece at virtual address @window plus its physical address. These do not count
    /// towards most_mappings.
    Result<> add_window(uint64_t window) {
        for (const guest::GpaRange& piece : scope_.pieces) {
            TRY(result_.push_back(
                {piece.start, guest::Gva{window + piece.start.value}, piece.size}));
        }
        return {};
    }

    guest::MemoryMappings take() && { return std::move(result_); }

  private:
    /// Mappings between two checks for cancellation: well under a millisecond.
    static constexpr size_t kCheckEvery = size_t{1} << 12;

    static uint64_t last_virtual(const guest::MemoryMapping& mapping) {
        return mapping.virt.value + (mapping.length - 1);
    }

    const PagingScope& scope_;
    guest::MemoryMappings result_;
};

uint64_t end_of(const guest::MemoryMapping& mapping) {
    return mapping.virt.value + mapping.length;  // 0 at the end of the address space
}

bool maps(std::span<const guest::MemoryMapping> mappings, guest::Gva address) {
    return std::any_of(mappings.begin(), mappings.end(), [&](const auto& mapping) {
        return address.value - mapping.virt.value < mapping.length;
    });
}

/// What @mappings, sorted by virtual address, do not map of @image.
std::vector<guest::MemoryMapping> unmapped_parts(const guest::MemoryMapping& image,
                                                 std::span<const guest::MemoryMapping> mappings) {
    std::vector<guest::MemoryMapping> parts;
    uint64_t at = 0;  // bytes of the image
    const auto add_up_to = [&](uint64_t end) {
        if (end <= at) return;
        parts.push_back(
            {guest::Gpa{image.phys.value + at}, guest::Gva{image.virt.value + at}, end - at});
    };
    for (const guest::MemoryMapping& mapping : mappings) {
        if (mapping.virt < image.virt) {
            const uint64_t skip = image.virt.value - mapping.virt.value;
            if (mapping.length > skip) at = std::max(at, mapping.length - skip);
            continue;
        }
        const uint64_t begin = mapping.virt.value - image.virt.value;
        if (begin >= image.length) break;
        add_up_to(begin);
        at = std::max(at, end_of(mapping) - image.virt.value);
    }
    add_up_to(image.length);
    return parts;
}

}  // namespace

Result<guest::MemoryMappings> simple_mappings(const MemoryPieces& pieces,
                                              const std::optional<guest::MemoryMapping>& image) {
    guest::MemoryMappings result;
    const auto add_identical = [&](uint64_t from, uint64_t size) -> Result<> {
        if (size == 0) return {};
        return result.push_back({guest::Gpa{from}, guest::Gva{from}, size});
    };
    for (const guest::GpaRange& piece : pieces) {
        const uint64_t from = piece.start.value;
        std::optional<guest::GpaRange> part;
        if (image) part = piece.overlap({image->phys, image->length});
        if (!part) {
            TRY(add_identical(from, piece.size));
            continue;
        }
        const uint64_t before = part->start.value - from;
        const uint64_t skip = part->start.value - image->phys.value;
        TRY(add_identical(from, before));
        TRY(result.push_back({part->start, guest::Gva{image->virt.value + skip}, part->size}));
        TRY(add_identical(part->start.value + part->size, piece.size - before - part->size));
    }
    return result;
}

Result<guest::MemoryMappings> vbox_mappings(const guest::RangeList& memory,
                                            const MemoryPieces& pieces,
                                            const std::optional<guest::GpaRange>& only) {
    guest::MemoryMappings result;
    for (const guest::GpaRange& piece : pieces)
        TRY(result.push_back({piece.start, guest::Gva{0}, piece.size}));
    for (size_t i = 1; i < memory.size(); ++i) {
        const uint64_t from = memory[i - 1].last() + 1, to = memory[i].start.value;
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
    if (spaces == 0) return simple_mappings(scope.pieces);
    if (spaces > 1) TRY(walked.normalize(scope.cancellation));  // a single walk is already in order

    Splitter splitter(scope);
    TRY(splitter.expect(walked.view().size() + scope.pieces.size()));
    for (const guest::MemoryMapping& mapping : walked.view()) TRY(splitter.add(mapping));
    if (scope.image && !maps(walked.view(), scope.in_image)) {
        for (const guest::MemoryMapping& part : unmapped_parts(*scope.image, walked.view()))
            TRY(splitter.add(part));
    }
    TRY(splitter.add_window(scope.elf_class == format::ElfClass::k64 ? kPhysicalWindow : 0));
    return std::move(splitter).take();
}

}  // namespace guestdump::dump
