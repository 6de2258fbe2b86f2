// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/section_table.h"

#include <bit>
#include <cinttypes>

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr unsigned kPageBits = 12;
constexpr uint64_t kRootBytes = 4096;
// Values for kernels whose VMCOREINFO does not have them. [linux
// arch/x86/include/asm/sparsemem.h]
constexpr uint64_t kSectionBits = 27;
constexpr uint64_t kPhysicalBits = 46, kPhysicalBits5 = 52;

// Bits of section_mem_map. The address in it is page-aligned, so all lower bits may be flags, now
// or in later kernels. [linux include/linux/mmzone.h]
constexpr uint64_t kPresent = 1, kHasMap = 2, kOnline = 4;
constexpr uint64_t kMapBits = 0xfff;

/// NUMBER(@name), or @otherwise if VMCOREINFO lacks it. Errors: it is not from @least to @most.
Result<uint64_t> number_within(const Vmcoreinfo& vmcoreinfo, const char* name, uint64_t least,
                               uint64_t most, uint64_t otherwise) {
    const uint64_t number = vmcoreinfo.number(name).value_or(otherwise);
    if (number >= least && number <= most) return number;
    return Error::make("VMCOREINFO has NUMBER(%s)=%" PRId64 ", which is not from %" PRIu64
                       " to %" PRIu64,
                       name, static_cast<int64_t>(number), least, most);
}

}  // namespace

Result<> SectionTable::read_shape(const Vmcoreinfo& vmcoreinfo) {
    const auto length = vmcoreinfo.length("mem_section"), size = vmcoreinfo.size("mem_section");
    const auto offset = vmcoreinfo.offset("mem_section.section_mem_map");
    if (!length || !size || !offset) {
        return Error::make("VMCOREINFO has SYMBOL(mem_section), but no %s",
                           !length ? "LENGTH(mem_section)"
                           : !size ? "SIZE(mem_section)"
                                   : "OFFSET(mem_section.section_mem_map)");
    }
    if (*size < 8 || *size > kRootBytes || !std::has_single_bit(*size) || *offset > *size - 8) {
        return Error::make("VMCOREINFO has SIZE(mem_section)=%" PRIu64
                           " and OFFSET(mem_section.section_mem_map)=%" PRIu64
                           ", which no kernel has",
                           *size, *offset);
    }
    length_ = *length;
    entry_size_ = *size;
    map_offset_ = *offset;
    const uint64_t bits = TRY(number_within(vmcoreinfo, "SECTION_SIZE_BITS", 24, 36, kSectionBits));
    section_order_ = static_cast<unsigned>(bits) - kPageBits;
    tells_online_ = vmcoreinfo.number("PAGE_OFFLINE_MAPCOUNT_VALUE").has_value();
    const bool five_levels = vmcoreinfo.number("pgtable_l5_enabled").value_or(0) != 0;
    const uint64_t physical = TRY(number_within(vmcoreinfo, "MAX_PHYSMEM_BITS", bits, 52,
                                                five_levels ? kPhysicalBits5 : kPhysicalBits));
    return read_roots(uint64_t{1} << (physical - bits));
}

/// Finds out whether the table holds the sections, or roots: pointers to pages of sections
/// (SPARSEMEM_EXTREME).
Result<> SectionTable::read_roots(uint64_t sections) {
    const uint64_t per_root = kRootBytes / entry_size_;
    const uint64_t roots = (sections + per_root - 1) / per_root;
    if (length_ == roots) {
        per_root_ = per_root;
    } else if (length_ != sections) {
        return Error::make("VMCOREINFO has LENGTH(mem_section)=%" PRIu64
                           ", which is neither %" PRIu64 " sections nor %" PRIu64 " roots",
                           length_, sections, roots);
    }
    return {};
}

SectionTable::Places SectionTable::places_for(uint64_t pfn, KernelReader& reader) const {
    if (is_flat_) return {};
    const uint64_t section = pfn >> section_order_;
    if (per_root_ == 0) {
        if (section >= length_) return {};
        return {.section = table_ + section * entry_size_ + map_offset_};
    }
    const uint64_t index = section / per_root_;
    if (index >= length_) return {};
    const uint64_t at = table_ + 8 * index;
    const Result<uint64_t> root = reader.value<uint64_t>(Gva{at});
    if (!root || *root == 0) return {.root = at};
    return {.root = at, .section = *root + section % per_root_ * entry_size_ + map_offset_};
}

std::optional<uint64_t> SectionTable::base_for(uint64_t pfn, KernelReader& reader) const {
    if (is_flat_) return flat_base_;
    const Places places = places_for(pfn, reader);
    if (places.section == 0) return std::nullopt;
    const Result<uint64_t> map = reader.value<uint64_t>(Gva{places.section});
    // Early in boot a section that is present has its node's number in place of a map. The struct
    // pages of an offline section may never have been written.
    const uint64_t wanted = kPresent | kHasMap | (tells_online_ ? kOnline : 0);
    if (!map || (*map & wanted) != wanted) return std::nullopt;
    return *map & ~kMapBits;
}

/// True if some page of @memory has a struct page that is mapped. Checks one page of each section,
/// and only the first 4096 sections, because every kernel has maps of the first sections.
bool SectionTable::maps_some(KernelReader& reader, const guest::PageSet& memory,
                             uint32_t struct_size) const {
    constexpr int kMostLooks = 4096;
    uint64_t pfn = 0;
    for (int look = 0; look < kMostLooks; ++look) {
        const auto run = memory.next_run(pfn);
        if (!run) return false;
        const auto base = base_for(run->first, reader);
        if (base && reader.translate(Gva{*base + run->first * struct_size})) return true;
        pfn = ((run->first >> section_order_) + 1) << section_order_;
    }
    return false;
}

Result<SectionTable> SectionTable::find(const Vmcoreinfo& vmcoreinfo, KernelReader& reader,
                                        const guest::PageSet& memory, uint32_t struct_size) {
    SectionTable table;
    const auto sections = vmcoreinfo.symbol("mem_section");
    if (!sections) {
        const auto flat = vmcoreinfo.symbol("mem_map");
        if (!flat)
            return Error::make("VMCOREINFO has neither SYMBOL(mem_section) nor SYMBOL(mem_map)");
        table.is_flat_ = true;
        table.flat_base_ = TRY(reader.value<uint64_t>(Gva{*flat}));
        return table;
    }
    TRY(table.read_shape(vmcoreinfo));
    table.table_ = *sections;
    if (table.maps_some(reader, memory, struct_size)) return table;
    // Since Linux 4.15 mem_section is a pointer. In the first of these kernels SYMBOL(mem_section)
    // is the pointer's address. [linux 83e3c48729d9, a0b1280368d1]
    const Result<uint64_t> pointer = reader.value<uint64_t>(Gva{*sections});
    if (pointer) {
        table.table_ = *pointer;
        if (table.maps_some(reader, memory, struct_size)) return table;
    }
    return Error::make("the table of memory sections at 0x%" PRIx64
                       " leads to no struct page that is mapped",
                       *sections);
}

}  // namespace guestdump::linux_guest
