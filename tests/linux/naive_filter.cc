// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/naive_filter.h"

#include <sstream>

namespace guestdump::linux_guest {

NaiveFilter::NaiveFilter(const MapGuest& guest, unsigned level) : guest_(guest), level_(level) {
    std::istringstream text(guest.kernel().lines());
    for (std::string line; std::getline(text, line);) {
        const size_t equals = line.find('=');
        if (equals != line.npos) lines_.emplace(line.substr(0, equals), line.substr(equals + 1));
    }
}

const std::optional<int64_t>& NaiveFilter::known(const char* name) const {
    const auto [place, is_new] = numbers_.try_emplace(name);
    if (!is_new) return place->second;
    const auto found = lines_.find("NUMBER(" + std::string(name) + ")");
    if (found != lines_.end()) place->second = std::stoll(found->second);
    return place->second;
}

const std::optional<uint64_t>& NaiveFilter::plain_of(const char* key) const {
    const auto [place, is_new] = plains_.try_emplace(key);
    if (!is_new) return place->second;
    const auto found = lines_.find(key);
    if (found != lines_.end()) place->second = std::stoull(found->second);
    return place->second;
}

uint64_t NaiveFilter::hex(const char* key) const {
    const auto found = lines_.find(key);
    return found == lines_.end() ? 0 : std::stoull(found->second, nullptr, 16);
}

std::optional<uint64_t> NaiveFilter::translate(uint64_t virt) const {
    const auto [place, is_new] = pages_.try_emplace(virt >> 12);
    if (is_new) place->second = walk(virt >> 12 << 12);
    if (!place->second) return std::nullopt;
    return *place->second | (virt & 0xfff);
}

/// Walks four levels of page tables, entry by entry. [SDM 3A 4.5]
std::optional<uint64_t> NaiveFilter::walk(uint64_t virt) const {
    const int64_t extended = static_cast<int64_t>(virt << 16) >> 16;
    if (static_cast<uint64_t>(extended) != virt) return std::nullopt;
    uint64_t table = TestKernel::kTables;
    for (int shift = 39; shift >= 12; shift -= 9) {
        const uint64_t at = table + 8 * (virt >> shift & 511);
        if (!guest_.kernel().memory().holds(at)) return std::nullopt;
        const uint64_t entry = guest_.kernel().memory().get(at, 8);
        if (!(entry & 1)) return std::nullopt;
        const uint64_t address = entry & 0x000ffffffffff000;
        if (shift == 12) return address | (virt & 0xfff);
        if (entry & 0x80) {
            const uint64_t below = (uint64_t{1} << shift) - 1;
            if (shift == 39 || (address & below & ~uint64_t{0x1000})) return std::nullopt;
            return (address & ~below) | (virt & below);
        }
        table = address;
    }
    return std::nullopt;
}

std::optional<uint64_t> NaiveFilter::word(uint64_t virt) const {
    uint64_t value = 0;
    if (virt % 8 == 0) {
        const auto at = translate(virt);
        if (!at || !guest_.kernel().memory().holds(*at)) return std::nullopt;
        return guest_.kernel().memory().get(*at, 8);
    }
    for (unsigned i = 0; i < 8; ++i) {
        const auto at = translate(virt + i);
        if (!at || !guest_.kernel().memory().holds(*at)) return std::nullopt;
        value |= guest_.kernel().memory().get(*at, 1) << (8 * i);
    }
    return value;
}

/// The word of a section, if it has struct pages that can be trusted.
std::optional<uint64_t> NaiveFilter::section_map(uint64_t pfn) const {
    const uint64_t bits = known("SECTION_SIZE_BITS") ? number("SECTION_SIZE_BITS") : 27;
    const uint64_t physical = known("MAX_PHYSMEM_BITS") ? number("MAX_PHYSMEM_BITS") : 46;
    const uint64_t size = plain("SIZE(mem_section)"), section = pfn >> (bits - 12);
    const uint64_t count = uint64_t{1} << (physical - bits), per_root = 4096 / size;
    uint64_t at = table_ + section * size;
    if (plain("LENGTH(mem_section)") == (count + per_root - 1) / per_root) {
        if (section / per_root >= plain("LENGTH(mem_section)")) return std::nullopt;
        const auto root = word(table_ + 8 * (section / per_root));
        if (!root || *root == 0) return std::nullopt;
        at = *root + section % per_root * size;
    } else if (section >= plain("LENGTH(mem_section)")) {
        return std::nullopt;
    }
    const auto map = word(at + plain("OFFSET(mem_section.section_mem_map)"));
    const uint64_t needed = known("PAGE_OFFLINE_MAPCOUNT_VALUE") ? 7 : 3;
    if (!map || (*map & needed) != needed) return std::nullopt;
    return *map;
}

const NaiveFilter::Struct& NaiveFilter::read(uint64_t pfn) const {
    auto found = structs_.find(pfn);
    if (found == structs_.end()) found = structs_.emplace(pfn, read_memory(pfn)).first;
    return found->second;
}

NaiveFilter::Struct NaiveFilter::read_memory(uint64_t pfn) const {
    Struct result;
    const auto map = section_map(pfn);
    if (!map) return result;
    const uint64_t size = plain("SIZE(page)");
    result.is_covered = true;
    result.virt = (*map >> 12 << 12) + pfn * size;
    result.bytes.assign(size, 0);
    for (uint64_t i = 0; i < size; i += 8) {
        const auto value = word(result.virt + i);
        if (!value) {  // a struct that was read only in part is not used
            result.bytes.assign(size, 0);
            break;
        }
        for (unsigned k = 0; k < 8; ++k)
            result.bytes[i + k] = static_cast<uint8_t>(*value >> 8 * k);
    }
    return result;
}

uint64_t NaiveFilter::field(const Struct& page, uint64_t at, unsigned size) {
    uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= uint64_t{page.bytes[at + i]} << (8 * i);
    return value;
}

bool NaiveFilter::flag(const Struct& page, const char* name) const {
    if (!known(name)) return false;
    return field(page, plain("OFFSET(page.flags)"), 8) >> number(name) & 1;
}

bool NaiveFilter::type(const Struct& page, const char* name) const {
    if (!known(name)) return false;
    const int64_t wanted = number(name);
    const auto is = static_cast<int32_t>(field(page, plain("OFFSET(page._mapcount)"), 4));
    if (wanted <= -0x01000000) return (is >> 24) == static_cast<int32_t>(wanted) >> 24;
    return is == wanted;
}

bool NaiveFilter::is_tail(uint64_t pfn, const Struct& page) const {
    const bool is_pointer = has("OFFSET(page.compound_head)");
    if (!is_pointer && !has("OFFSET(page.compound_info)")) return false;
    const uint64_t at =
        plain(is_pointer ? "OFFSET(page.compound_head)" : "OFFSET(page.compound_info)");
    if (field(page, at, 8) & 1) return true;
    const bool is_head = field(page, plain("OFFSET(page.flags)"), 8) & number("PG_head_mask");
    if (!is_pointer || !is_head || page.virt % 4096 != 0 || pfn % 2 != 0) return false;
    const uint64_t head = field(read(pfn + 1), at, 8);
    return (head & 1) && head != page.virt + 1;
}

bool NaiveFilter::is_unused(const Struct& page) const {
    if (flag(page, "PG_lru")) return false;
    return !has("OFFSET(page._refcount)") || field(page, plain("OFFSET(page._refcount)"), 4) == 0;
}

bool NaiveFilter::is_wanted(char kind) const {
    switch (kind) {
        case 'f':
        case 'u':
            return level_ & 16;
        case 'c':
            return level_ & 6;
        case 'p':
            return level_ & 4;
        case 'a':
            return level_ & 8;
        case 'h':
        case 'o':
            return true;
        default:
            return false;
    }
}

NaiveFilter::Judged NaiveFilter::judge_free(uint64_t pfn, const Struct& page, bool is_buddy) const {
    const uint64_t orders = plain("LENGTH(zone.free_area)");
    const uint64_t order = is_buddy ? field(page, plain("OFFSET(page.private)"), 8) : orders - 1;
    const uint64_t section_order =
        (known("SECTION_SIZE_BITS") ? number("SECTION_SIZE_BITS") : 27) - 12;
    if (order >= orders || order > 18 || order > section_order || pfn % (uint64_t{1} << order) ||
        !is_unused(page))
        return {};
    return {is_buddy ? 'f' : 'u', uint64_t{1} << order, 'f'};
}

void NaiveFilter::judge_compound(uint64_t pfn, const Struct& page, Judged& judged,
                                 bool& is_hugetlb) const {
    const bool is_head = field(page, plain("OFFSET(page.flags)"), 8) & number("PG_head_mask");
    if (!is_head || pfn % 2 != 0) return;
    const Struct& second = read(pfn + 1);
    uint64_t order = 0;
    if (known("PAGE_HUGETLB_MAPCOUNT_VALUE")) {
        order = field(second, plain("OFFSET(page.flags)"), 1);
        is_hugetlb = type(page, "PAGE_HUGETLB_MAPCOUNT_VALUE");
    } else if (known("PG_hugetlb")) {
        order = field(second, plain("OFFSET(page.flags)"), 1);
        is_hugetlb = flag(second, "PG_hugetlb");
    } else if (has("OFFSET(page.compound_order)")) {
        order = field(second, plain("OFFSET(page.compound_order)"), 1);
        is_hugetlb =
            known("HUGETLB_PAGE_DTOR") && field(second, plain("OFFSET(page.compound_dtor)"), 1) ==
                                              static_cast<uint64_t>(number("HUGETLB_PAGE_DTOR"));
    }
    if (order > 18 || pfn % (uint64_t{1} << order) != 0) order = 0;
    judged.pages = uint64_t{1} << order;
    judged.block = is_hugetlb ? 'g' : 'c';
}

NaiveFilter::Judged NaiveFilter::judge(uint64_t pfn) const {
    const Struct& page = read(pfn);
    if (is_tail(pfn, page)) return {};
    const auto mapcount = static_cast<int32_t>(field(page, plain("OFFSET(page._mapcount)"), 4));
    const bool is_slab = type(page, "PAGE_SLAB_MAPCOUNT_VALUE") || flag(page, "PG_slab");
    const bool is_poisoned = flag(page, "PG_hwpoison");
    const bool is_buddy = type(page, "PAGE_BUDDY_MAPCOUNT_VALUE");
    if (!is_slab && (is_buddy || type(page, "PAGE_UNACCEPTED_MAPCOUNT_VALUE"))) {
        const Judged judged = judge_free(pfn, page, is_buddy);
        if (is_poisoned && !is_wanted(judged.kind)) return {'h', 1, ' '};
        return judged;
    }
    const bool is_anonymous = !is_slab && (field(page, plain("OFFSET(page.mapping)"), 8) & 1);
    const bool swaps = !known("PG_swapbacked").has_value() || flag(page, "PG_swapbacked");
    const bool is_cache = flag(page, "PG_lru") || (swaps && flag(page, "PG_swapcache"));
    Judged judged;
    bool is_hugetlb = false;
    judge_compound(pfn, page, judged, is_hugetlb);
    if (is_cache && !is_anonymous)
        judged.kind = flag(page, "PG_private") ? 'p' : 'c';
    else if (is_hugetlb || (is_anonymous && mapcount >= -1))
        judged.kind = 'a';
    if (is_wanted(judged.kind)) return judged;
    if (is_poisoned)
        judged.kind = 'h';
    else if (type(page, "PAGE_OFFLINE_MAPCOUNT_VALUE") && !is_slab)
        judged.kind = 'o';
    if (judged.kind == 'k') return {};
    return judged;
}

void NaiveFilter::run() {
    constexpr uint64_t end = MapGuest::kPages;
    left_out.assign(end, false);
    memory_map.assign(end, false);
    table_ = hex("SYMBOL(mem_section)");
    const auto leads_somewhere = [this] {
        for (uint64_t pfn = 0; pfn < end; ++pfn) {
            const auto map = section_map(pfn);
            if (map && translate((*map >> 12 << 12) + pfn * plain("SIZE(page)"))) return true;
        }
        return false;
    };
    // Only the first page of each section is checked.
    if (!leads_somewhere()) table_ = word(table_).value_or(0);
    for (uint64_t pfn = 0; pfn < end; ++pfn) {
        const Struct& page = read(pfn);
        for (uint64_t i = 0; page.is_covered && i < page.bytes.size(); i += 8) {
            const auto at = translate(page.virt + i);
            if (at && *at / 4096 < end) memory_map[*at / 4096] = true;
        }
    }
    for (uint64_t pfn = 0; pfn < end;) {
        if (!read(pfn).is_covered) {
            ++pfn;
            continue;
        }
        const Judged judged = judge(pfn);
        uint64_t stop = pfn + 1;
        bool is_whole = true;
        for (; stop < std::min(end, pfn + judged.pages) && is_whole; ++stop) {
            const Struct& page = read(stop);
            is_whole = page.is_covered;
            if (!is_whole) break;
            if (judged.block == 'f') {
                is_whole = is_unused(page) &&
                           field(page, plain("OFFSET(page._mapcount)"), 4) == 0xffffffff;
            } else if (has("OFFSET(page.compound_head)") || has("OFFSET(page.compound_info)")) {
                is_whole = is_tail(stop, page);
            }
            if (!is_whole) break;
            if (judged.block != 'g' && !is_wanted(judged.kind) && flag(page, "PG_hwpoison"))
                left_out[stop] = true;
        }
        if (is_whole) {
            if (judged.kind == 'f') free += stop - pfn;
            for (uint64_t i = pfn; i < stop && is_wanted(judged.kind); ++i) left_out[i] = true;
        }
        pfn = stop;
    }
}

}  // namespace guestdump::linux_guest
