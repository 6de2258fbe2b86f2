// SPDX-License-Identifier: GPL-2.0-or-later
/// Memory maps and VMCOREINFO that are not believed: then every page is kept.
#include "tests/linux/filtering.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_filter_trust_suite();

namespace {

START_TEST(a_map_that_leaves_out_itself_is_not_believed) {
    MapGuest guest;
    guest.set_user(kFirst);
    guest.set_user(0x400 + 17);  // has struct pages 1088 to 1151
    check_untrusted(guest, "would leave out page 0x411, which has the memory map");
}
END_TEST

START_TEST(a_map_that_leaves_out_page_tables_or_code_is_not_believed) {
    MapGuest tables;
    tables.set_user(0x100);
    check_untrusted(tables, "page 0x100, which has the page tables");
    MapGuest code;
    code.set_user(0x200);
    check_untrusted(code, "page 0x200, which has the kernel's code");
    MapGuest sections;
    sections.set_user(0x204);
    check_untrusted(sections, "page 0x204, which has the memory map");
}
END_TEST

START_TEST(a_map_that_leaves_out_what_a_vcpu_uses_is_not_believed) {
    MapGuest guest;
    guest.more_cpus.push_back(guest.registers());
    guest.more_cpus[0].rip = MapGuest::kDirect + 0x1001123;
    guest.more_cpus[0].rsp = MapGuest::kDirect + 0x1002800;
    guest.set_user(0x1000);  // the stack has 16 KiB
    guest.set_user(0x1003);
    guest.set_user(0x1004);
    check_lacking(guest, kAll, {0x1004});
    guest.set_user(0x1001);
    check_untrusted(guest, "page 0x1001, which has the code that a vCPU ran");
    guest.set(0x1001, {});
    guest.set_user(0x1002);
    check_untrusted(guest, "page 0x1002, which has the stack of a vCPU");
    guest.more_cpus[0].cs.selector = 0x33;  // user mode: code and stack are the process's
    check_lacking(guest, kAll, {0x1000, 0x1002, 0x1003, 0x1004});
}
END_TEST

START_TEST(another_count_of_free_pages_is_not_believed) {
    MapGuest guest;
    guest.set_free(kFirst, 10);
    guest.count_free(1024 + 64 + 10);
    ck_assert(filtered(guest).report.trusted);
    guest.count_free(1024 + 64 + 12);
    check_untrusted(guest, "has 1024 free pages, but its kernel counts 1100");
    guest.count_free(0);
    check_untrusted(guest, "has 1024 free pages, but its kernel counts 0");
    guest.count_free(UINT64_MAX);
    check_untrusted(guest, "but its kernel counts 18446744073709551615");
}
END_TEST

START_TEST(a_map_full_of_contradictions_is_not_believed) {
    MapGuest guest;
    for (uint64_t i = 0; i < 65; ++i)
        guest.set(kFirst + i, {.private_data = 99, .mapcount = MapGuest::kBuddy, .refcount = 0});
    check_untrusted(guest, "65 blocks of the guest's memory map contradict themselves; 64 are");
}
END_TEST

START_TEST(another_kernels_vmcoreinfo_is_not_believed) {
    MapGuest guest;
    guest.set_user(kFirst);
    guest.kernel().change("OSRELEASE=6.12.0-test", "OSRELEASE=6.12.0-tes");
    check_untrusted(guest,
                    "has OSRELEASE=6.12.0-tes, but the kernel in memory has the release "
                    "'6.12.0-test'");
}
END_TEST

START_TEST(what_vmcoreinfo_lacks_is_named) {
    for (const char* entry :
         {"SIZE(page)", "OFFSET(page.flags)", "OFFSET(page.mapping)", "OFFSET(page._mapcount)",
          "OFFSET(page.private)", "NUMBER(PG_lru)", "NUMBER(PG_private)", "NUMBER(PG_swapcache)",
          "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "LENGTH(zone.free_area)", "LENGTH(mem_section)",
          "SIZE(mem_section)", "OFFSET(mem_section.section_mem_map)", "SYMBOL(_stext)",
          "SYMBOL(init_uts_ns)"}) {
        MapGuest guest;
        guest.set_user(kFirst);
        guest.kernel().change(entry, "X");
        check_untrusted(guest, entry);
    }
    MapGuest guest;
    guest.kernel().change("SYMBOL(mem_section)", "X");
    check_untrusted(guest, "neither SYMBOL(mem_section) nor SYMBOL(mem_map)");
}
END_TEST

START_TEST(what_vmcoreinfo_lacks_and_is_not_needed_changes_nothing) {
    for (const char* entry : {"OFFSET(page._refcount)", "NUMBER(PG_hwpoison)", "SYMBOL(node_data)",
                              "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)", "SIZE(pglist_data)",
                              "OFFSET(page.compound_head)", "OFFSET(zone.vm_stat)"}) {
        MapGuest guest;
        guest.set_user(kFirst);
        guest.kernel().change(entry, "X");
        check_lacking(guest, kAll, {kFirst});
    }
}
END_TEST

START_TEST(numbers_that_no_kernel_has_are_refused) {
    const std::pair<const char*, const char*> wrong[] = {
        {"SIZE(page)=64", "SIZE(page)=24"},
        {"SIZE(page)=64", "SIZE(page)=65"},
        {"SIZE(page)=64", "SIZE(page)=520"},
        {"SIZE(page)=64", "SIZE(page)=18446744073709551615"},
        {"OFFSET(page.flags)=0", "OFFSET(page.flags)=57"},
        {"OFFSET(page._mapcount)=48", "OFFSET(page._mapcount)=18446744073709551612"},
        {"NUMBER(PG_lru)=5", "NUMBER(PG_lru)=64"},
        {"NUMBER(PG_hwpoison)=20", "NUMBER(PG_hwpoison)=-1"},
        {"NUMBER(PG_head_mask)=64", "NUMBER(PG_head_mask)=0"},
        {"NUMBER(PG_head_mask)=64", "NUMBER(PG_head_mask)=65"},
        {"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=0"},
        {"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-1"},
        {"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240",
         "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-4294967297"},
        {"LENGTH(zone.free_area)=11", "LENGTH(zone.free_area)=0"},
        {"LENGTH(zone.free_area)=11", "LENGTH(zone.free_area)=33"},
        {"NUMBER(SECTION_SIZE_BITS)=24", "NUMBER(SECTION_SIZE_BITS)=23"},
        {"NUMBER(SECTION_SIZE_BITS)=24", "NUMBER(SECTION_SIZE_BITS)=37"},
        {"NUMBER(MAX_PHYSMEM_BITS)=36", "NUMBER(MAX_PHYSMEM_BITS)=53"},
        {"NUMBER(MAX_PHYSMEM_BITS)=36", "NUMBER(MAX_PHYSMEM_BITS)=20"},
        {"LENGTH(mem_section)=16", "LENGTH(mem_section)=17"},
        {"SIZE(mem_section)=16", "SIZE(mem_section)=24"},
        {"SIZE(mem_section)=16", "SIZE(mem_section)=0"},
        {"SIZE(mem_section)=16", "SIZE(mem_section)=8192"},
        {"OFFSET(mem_section.section_mem_map)=0", "OFFSET(mem_section.section_mem_map)=9"},
    };
    for (const auto& [line, instead] : wrong) {
        MapGuest guest;
        guest.set_user(kFirst);
        guest.kernel().change(line, instead);
        check_untrusted(guest, "VMCOREINFO has ");
    }
}
END_TEST

}  // namespace

Suite* page_filter_trust_suite() {
    return support::make_suite("page_filter_trust",
                               {
                                   a_map_that_leaves_out_itself_is_not_believed,
                                   a_map_that_leaves_out_page_tables_or_code_is_not_believed,
                                   a_map_that_leaves_out_what_a_vcpu_uses_is_not_believed,
                                   another_count_of_free_pages_is_not_believed,
                                   a_map_full_of_contradictions_is_not_believed,
                                   another_kernels_vmcoreinfo_is_not_believed,
                                   what_vmcoreinfo_lacks_is_named,
                                   what_vmcoreinfo_lacks_and_is_not_needed_changes_nothing,
                                   numbers_that_no_kernel_has_are_refused,
                               });
}

}  // namespace guestdump::linux_guest
