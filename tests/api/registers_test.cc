// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/registers.h"

#include <cstring>

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::api {

Suite* registers_suite();

namespace {

START_TEST(every_register_survives_both_ways) {
    guestdump_x86_registers before;
    const support::Bytes noise = support::noise(3, sizeof before);
    std::memcpy(&before, noise.data(), sizeof before);
    for (guestdump_segment* segment : {&before.cs, &before.ds, &before.es, &before.fs, &before.gs,
                                       &before.ss, &before.ldt, &before.tr})
        std::memset(segment->reserved, 0, sizeof segment->reserved);
    before.gdt.reserved = before.idt.reserved = 0;
    std::memset(before.reserved, 0, sizeof before.reserved);
    const guestdump_x86_registers after = to_c(from_c(before));
    ck_assert_mem_eq(&before, &after, sizeof before);
}
END_TEST

START_TEST(members_are_where_programs_have_compiled_them_in) {
    ck_assert_uint_eq(offsetof(guestdump_x86_registers, rip), 128);
    ck_assert_uint_eq(offsetof(guestdump_x86_registers, cs), 144);
    ck_assert_uint_eq(offsetof(guestdump_x86_registers, gdt), 336);
    ck_assert_uint_eq(offsetof(guestdump_x86_registers, cr0), 368);
    ck_assert_uint_eq(offsetof(guestdump_x86_registers, kernel_gs_base), 408);
    ck_assert_uint_eq(offsetof(guestdump_segment, selector), 16);
}
END_TEST

}  // namespace

Suite* registers_suite() {
    return support::make_suite("registers", {every_register_survives_both_ways,
                                             members_are_where_programs_have_compiled_them_in});
}

}  // namespace guestdump::api
