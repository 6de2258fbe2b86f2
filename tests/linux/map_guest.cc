// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/map_guest.h"

#include "target-i386/cpu.h"
#include "tests/support/bytes.h"
#include "tests/support/libcheck.h"

namespace guestdump::linux_guest {

const char* const MapGuest::kMarks =
    "NUMBER(PG_lru)=5\nNUMBER(PG_private)=14\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\n"
    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\nNUMBER(PG_hwpoison)=20\n"
    "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"
    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n"
    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n"
    "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\nOFFSET(page.compound_head)=8\n";

namespace {

constexpr const char* kLines =
    "OSRELEASE=6.12.0-test\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81001000\n"
    "OFFSET(uts_namespace.name)=0\nSYMBOL(_stext)=ffffffff81000000\n"
    "SYMBOL(init_top_pgt)=ffffffff80f00000\nNUMBER(phys_base)=-14680064\n"
    "SYMBOL(mem_section)=ffffffff81003000\nLENGTH(mem_section)=16\nSIZE(mem_section)=16\n"
    "OFFSET(mem_section.section_mem_map)=0\nNUMBER(SECTION_SIZE_BITS)=24\n"
    "NUMBER(MAX_PHYSMEM_BITS)=36\nSIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page.mapping)=24\n"
    "OFFSET(page._refcount)=52\nOFFSET(page._mapcount)=48\nOFFSET(page.private)=40\n"
    "LENGTH(zone.free_area)=11\nSYMBOL(node_data)=ffffffff81002000\nLENGTH(node_data)=4\n"
    "SIZE(pglist_data)=2048\nOFFSET(pglist_data.node_zones)=256\nOFFSET(pglist_data.nr_zones)=0\n"
    "SIZE(zone)=512\nOFFSET(zone.vm_stat)=64\nNUMBER(NR_FREE_PAGES)=0\n";

}  // namespace

MapGuest::MapGuest(const std::string& marks) {
    target_i386::TestMemory& memory = kernel_.memory();
    memory.add(0, TestKernel::kTables);
    ram_ = &memory.add(TestKernel::kTablesEnd, kPages * 4096 - TestKernel::kTablesEnd);
    kernel_.map(kText, kTextPhys, 0x200000);
    kernel_.map_range(kMap, kMapPhys, kPages * kStruct);
    kernel_.map(kDirect, 0, uint64_t{1} << 30);
    kernel_.tell(std::string(kLines) + marks);
    support::set_text(ram_->bytes(), kTextPhys + 0x1000 - TestKernel::kTablesEnd + 130,
                      "6.12.0-test");
    put64(kNodes, kNode);
    put64(kNode, 1);  // zones
    put64(kRoots, kSections);
    for (const uint64_t section : {0, 1}) put_section(section, kMap | 0x7);
    for (uint64_t pfn = 0; pfn < kPages; ++pfn) set(pfn, {});
    first_cpu = registers();
    first_cpu.cs.selector = 0x33;
}

target_i386::Registers MapGuest::registers() const {
    target_i386::Registers registers = kernel_.registers();
    registers.cs.selector = 0x10;
    return registers;
}

void MapGuest::put(uint64_t phys, uint64_t value, size_t size) {
    support::set_little(ram_->bytes(), phys - TestKernel::kTablesEnd, value, size);
}

void MapGuest::put64(uint64_t virt, uint64_t value) {
    put(virt - kText + kTextPhys, value, 8);
}

void MapGuest::set(uint64_t pfn, const Page& page) {
    const uint64_t at = kMapPhys + pfn * kStruct;
    put(at, page.flags, 8);
    put(at + 8, page.compound_head, 8);
    put(at + 24, page.mapping, 8);
    put(at + 40, page.private_data, 8);
    put(at + 48, page.mapcount, 4);
    put(at + 52, page.refcount, 4);
}

void MapGuest::set_free(uint64_t pfn, unsigned order) {
    set(pfn, {.private_data = order, .mapcount = kBuddy, .refcount = 0});
    for (uint64_t i = 1; i < uint64_t{1} << order; ++i) set(pfn + i, {.refcount = 0});
}

void MapGuest::set_compound(uint64_t pfn, unsigned order, Page head) {
    if (order > 0) head.flags |= kHead;
    set(pfn, head);
    for (uint64_t i = 1; i < uint64_t{1} << order; ++i) {
        set(pfn + i, {.flags = i == 1 ? order : 0u,
                      .compound_head = (kMap + pfn * kStruct) | 1,
                      .refcount = 0});
    }
}

void MapGuest::set_user(uint64_t pfn, unsigned order, uint64_t more_flags) {
    set_compound(
        pfn, order,
        {.flags = kLru | kSwapBacked | more_flags, .mapping = 0xffff888001234501, .mapcount = 0});
}

void MapGuest::set_cache(uint64_t pfn, unsigned order, uint64_t more_flags) {
    set_compound(pfn, order, {.flags = kLru | more_flags, .mapping = 0xffff888001234500});
}

guest::PageSet MapGuest::all_pages() const {
    return guest::PageSet::of(kernel_.memory().blocks(), 4096);
}

Result<PageFilterReport> MapGuest::filter(const Exclusion& exclusion, guest::PageSet& pages,
                                          unsigned threads) const {
    const guest::RamSource source = kernel_.memory().source();
    const Vmcoreinfo vmcoreinfo = kernel_.vmcoreinfo();
    const guest::ArchDumpInfo arch;
    const util::Cancellation never;
    std::vector<guest::Cpu> cpus{target_i386::make_cpu(first_cpu)};
    for (const target_i386::Registers& more : more_cpus)
        cpus.push_back(target_i386::make_cpu(more));
    return filter_pages({.memory = source,
                         .arch = arch,
                         .cpus = cpus,
                         .vmcoreinfo = vmcoreinfo,
                         .left_out = {},
                         .vmcoreinfo_at = {},
                         .threads = threads,
                         .cancellation = never,
                         .progress = {}},
                        exclusion, pages);
}

std::vector<uint64_t> lacking(const guest::PageSet& pages) {
    std::vector<uint64_t> list;
    for (uint64_t pfn = 0; pfn < MapGuest::kPages; ++pfn) {
        if (!pages.contains(pfn)) list.push_back(pfn);
    }
    return list;
}

}  // namespace guestdump::linux_guest
