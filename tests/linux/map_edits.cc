// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/map_edits.h"

#include <algorithm>
#include <array>
#include <random>

#include "tests/linux/naive_filter.h"

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kFirst = MapGuest::kSectionPages;

/// Numbers of VMCOREINFO that an edit may change.
constexpr const char* kEntries[] = {"NUMBER(PG_lru)=5",
                                    "NUMBER(PG_private)=14",
                                    "NUMBER(PG_swapcache)=10",
                                    "NUMBER(PG_swapbacked)=17",
                                    "NUMBER(PG_hwpoison)=20",
                                    "NUMBER(PG_head_mask)=64",
                                    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456",
                                    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592",
                                    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240",
                                    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376",
                                    "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944",
                                    "OFFSET(page.compound_head)=8",
                                    "LENGTH(mem_section)=16",
                                    "SIZE(mem_section)=16",
                                    "OFFSET(mem_section.section_mem_map)=0",
                                    "NUMBER(SECTION_SIZE_BITS)=24",
                                    "NUMBER(MAX_PHYSMEM_BITS)=36",
                                    "SIZE(page)=64",
                                    "OFFSET(page.flags)=0",
                                    "OFFSET(page.mapping)=24",
                                    "OFFSET(page._refcount)=52",
                                    "OFFSET(page._mapcount)=48",
                                    "OFFSET(page.private)=40",
                                    "LENGTH(zone.free_area)=11",
                                    "LENGTH(node_data)=4",
                                    "SIZE(pglist_data)=2048",
                                    "OFFSET(pglist_data.node_zones)=256",
                                    "OFFSET(pglist_data.nr_zones)=0",
                                    "SIZE(zone)=512",
                                    "OFFSET(zone.vm_stat)=64",
                                    "NUMBER(NR_FREE_PAGES)=0"};

uint64_t page_of(const MapEdit& edit, unsigned order = 0) {
    const uint64_t page = kFirst + edit.place % MapGuest::kSectionPages;
    return page >> order << order;
}

void edit_field(const MapEdit& edit, MapGuest& guest) {
    MapGuest::Page page;
    const uint64_t value = edit.value;
    const auto word = static_cast<uint32_t>(value);
    switch (edit.small % 6) {
        case 0:
            page.flags = value;
            break;
        case 1:
            page.mapping = value;
            break;
        case 2:
            page.private_data = value % 70;
            page.mapcount = MapGuest::kBuddy;
            page.refcount = 0;
            break;
        case 3:
            page.compound_head = value;
            break;
        case 4:
            page.mapcount = word;
            break;
        default:
            page.refcount = word;
    }
    guest.set(page_of(edit), page);
}

void edit_noise(const MapEdit& edit, MapGuest& guest) {
    std::mt19937_64 random(edit.value);
    for (uint64_t i = 0; i < edit.small % 32u; ++i) {
        const uint64_t pfn = kFirst + (edit.place + i) % MapGuest::kSectionPages;
        guest.set(pfn, {.flags = random() & random(),
                        .mapping = random(),
                        .private_data = random() % 64,
                        .compound_head = random(),
                        .mapcount = static_cast<uint32_t>(random() % 3 ? random() : random() << 24),
                        .refcount = static_cast<uint32_t>(random() % 2)});
    }
}

void edit_section(const MapEdit& edit, MapGuest& guest) {
    const uint64_t maps[] = {edit.value, MapGuest::kMap | (edit.value & 0xfff), MapGuest::kMap | 7,
                             (MapGuest::kMap + (edit.value % 0x100000)) | 7, MapGuest::kDirect | 7};
    guest.put_section(edit.place % 4, maps[edit.small % std::size(maps)]);
}

/// Changes an entry of the page tables in use: writes a random value, flips a bit, clears it, or
/// makes it point to a table or to a page of memory.
void edit_table(const MapEdit& edit, MapGuest& guest) {
    constexpr uint64_t kTables = 12, kSlots = 512;
    const uint64_t at = TestKernel::kTables + 8 * (edit.place % (kTables * kSlots));
    target_i386::TestMemory& memory = guest.kernel().memory();
    const uint64_t old = memory.get(at, 8);
    const uint64_t entries[] = {edit.value, old ^ uint64_t{1} << edit.value % 64,
                                (TestKernel::kTables + edit.value % kTables * 4096) | 0x67, 0,
                                (edit.value % MapGuest::kPages * 4096) | 0x67};
    memory.put64(at, entries[edit.small % std::size(entries)]);
}

void edit_vmcoreinfo(const MapEdit& edit, MapGuest& guest) {
    const std::string entry = kEntries[edit.small % std::size(kEntries)];
    if (guest.kernel().lines().find(entry) == std::string::npos) return;  // already changed
    const auto value = static_cast<int64_t>(uint64_t{edit.value});
    const int64_t numbers[] = {value, value % 64, -(value & 0xffffffff), value & 0xff,
                               8 * (value & 0x3f)};
    const std::string key = entry.substr(0, entry.find('=') + 1);
    guest.kernel().change(entry, key + std::to_string(numbers[edit.place % std::size(numbers)]));
}

/// True if @pages lacks a page that is needed to understand the kernel and must never be left out.
bool is_lost(const guest::PageSet& pages, const NaiveFilter& naive, const MapGuest& guest) {
    for (uint64_t pfn = 0; pfn < MapGuest::kPages; ++pfn) {
        if (pages.contains(pfn)) continue;
        if (pfn < 256 || naive.memory_map[pfn] || pfn == TestKernel::kTables / 4096) return true;
        for (const target_i386::Registers& cpu : guest.more_cpus) {
            const uint64_t stack = (cpu.rsp - MapGuest::kDirect) / 4096;
            if (pfn == (cpu.rip - MapGuest::kDirect) / 4096 || pfn / 4 == stack / 4) return true;
        }
    }
    return false;
}

}  // namespace

void apply(const MapEdit& edit, MapGuest& guest) {
    const unsigned order = edit.small % 12;
    switch (edit.kind % MapEdit::kKinds) {
        case MapEdit::field:
            return edit_field(edit, guest);
        case MapEdit::free_block:
            return guest.set_free(page_of(edit, order), order);
        case MapEdit::user_pages:
            return guest.set_user(page_of(edit, order), order, edit.value & edit.value >> 7);
        case MapEdit::cache_pages:
            return guest.set_cache(page_of(edit, order), order, edit.value & edit.value >> 7);
        case MapEdit::noise_pages:
            return edit_noise(edit, guest);
        case MapEdit::poisoned:
            return guest.set(page_of(edit), {.flags = MapGuest::kPoison,
                                             .compound_head = edit.small % 2u,
                                             .refcount = edit.small % 4u / 2});
        case MapEdit::section:
            return edit_section(edit, guest);
        case MapEdit::table_entry:
            return edit_table(edit, guest);
        case MapEdit::vmcoreinfo:
            return edit_vmcoreinfo(edit, guest);
        case MapEdit::cpu:
            if (guest.more_cpus.size() == 8) return;
            guest.more_cpus.push_back(guest.registers());
            guest.more_cpus.back().rip = MapGuest::kDirect + edit.value % (MapGuest::kPages * 4096);
            guest.more_cpus.back().rsp = MapGuest::kDirect + edit.place * 512u;
            return;
    }
}

const char* disagreement(MapGuest& guest, unsigned level, unsigned threads, bool mends_count,
                         bool& trusted) {
    const Exclusion exclusion = *Exclusion::of_level(level);
    guest::PageSet pages = guest.all_pages();
    const uint64_t all = pages.count();
    auto report = guest.filter(exclusion, pages, threads);
    NaiveFilter naive(guest, level);
    if (report && !report->trusted && mends_count &&
        report->reason.find("but its kernel counts") != std::string::npos) {
        naive.run();  // filter_pages() has accepted the numbers of VMCOREINFO
        guest.count_free(naive.free);
        report = guest.filter(exclusion, pages, threads);
    }
    if (!report) return "filtering failed";
    trusted = report->trusted;
    if (!trusted) {
        if (report->reason.empty()) return "there is no reason";
        return pages.count() == all ? nullptr : "pages are lacking of a map that is not believed";
    }
    // No exclusion was requested, so nothing may be left out.
    const bool has_errors =
        guest.kernel().lines().find("NUMBER(PG_hwpoison)=") != std::string::npos;
    if (!exclusion.by_class() && !has_errors)
        return pages.count() == all ? nullptr : "pages are lacking that nobody named";
    if (naive.left_out.empty()) naive.run();
    if (is_lost(pages, naive, guest)) return "a page is lacking that never may";
    if (report->excluded != all - pages.count()) return "the pages were not counted";
    // Limit on kept pages that are in neither the memory map nor the first MiB: stacks, tables, and
    // the data that symbols refer to.
    constexpr uint64_t kMostOthers = 64;
    uint64_t others = 0;
    for (uint64_t pfn = 256; pfn < MapGuest::kPages; ++pfn) {
        const bool is_kept = pages.contains(pfn);
        if (!is_kept && !naive.left_out[pfn]) return "a page is lacking that the rules keep";
        others += is_kept && naive.left_out[pfn] && !naive.memory_map[pfn];
    }
    return others <= kMostOthers ? nullptr : "pages are kept that the rules leave out";
}

}  // namespace guestdump::linux_guest
