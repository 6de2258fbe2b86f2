// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/firmware.h"

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* firmware_suite();

namespace {

START_TEST(image_is_256_kib_with_a_jump_at_the_reset_vector) {
    const auto image = firmware_image();
    ck_assert_uint_eq(image.size(), 0x40000);
    // A JMP rel16 to an address in the 64 KiB that CS covers after RESET.
    ck_assert_uint_eq(static_cast<unsigned>(image[0x3fff0]), 0xe9);
    ck_assert_uint_ge(0xfff3 + support::le16_at(image, 0x3fff1), 0x10000);
}
END_TEST

START_TEST(entry_is_a_halt_until_it_is_set) {
    const auto image = firmware_image();
    const uint32_t entry = support::le32_at(image, 0x3fff8);
    ck_assert_uint_ge(entry, 0xfffc0000);
    const uint32_t at = entry - 0xfffc0000;
    ck_assert_uint_eq(support::le16_at(image, at), 0xf4fa);  // CLI, HLT
}
END_TEST

START_TEST(setting_the_entry_changes_nothing_else) {
    const auto image = firmware_image();
    support::Bytes changed(image.begin(), image.end());
    set_entry(changed, 0x12345678);
    ck_assert_uint_eq(support::le32_at(changed, 0x3fff8), 0x12345678);
    support::put_le32(changed, 0x3fff8, support::le32_at(image, 0x3fff8));
    ck_assert(support::same(changed, image));
}
END_TEST

START_TEST(entry_state_is_flat_protected_mode_by_the_descriptors_in_the_image) {
    const auto image = firmware_image();
    const target_i386::Registers registers = entry_registers(0x100000);
    ck_assert_uint_eq(registers.rip, 0x100000);
    ck_assert_uint_eq(registers.cr0, 0x11);
    const uint64_t gdt = registers.gdt.base - 0xfffc0000;
    for (const auto& segment : {registers.cs, registers.ds, registers.ss}) {
        ck_assert_uint_eq(segment.base, 0);
        ck_assert_uint_eq(segment.limit, 0xffffffff);
        ck_assert_uint_lt(segment.selector, registers.gdt.limit);
        const uint64_t at = gdt + segment.selector;
        ck_assert_uint_eq(support::le32_at(image, at), 0xffff);
        // The hidden part has no limit; that is stored separately.
        ck_assert_uint_eq(support::le32_at(image, at + 4), segment.flags | 0xf0000);
    }
}
END_TEST

}  // namespace

Suite* firmware_suite() {
    return support::make_suite(
        "firmware", {image_is_256_kib_with_a_jump_at_the_reset_vector,
                     entry_is_a_halt_until_it_is_set, setting_the_entry_changes_nothing_else,
                     entry_state_is_flat_protected_mode_by_the_descriptors_in_the_image});
}

}  // namespace guestdump::vm
