// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_layout.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* kdump_layout_suite();

namespace {

using support::must;
using support::must_fail;

START_TEST(a_pc_guest_has_qemus_layout) {
    // QEMU's dump of a 64 MiB PC guest, whose firmware ends at 4 GiB. [docs/formats.md]
    const KdumpLayout layout =
        must(KdumpLayout::of({.max_mapnr = 0x100000, .page_count = 16448, .note_size = 816}));
    ck_assert_uint_eq(layout.sub_header, 4096);
    ck_assert_uint_eq(layout.notes, 4200);
    ck_assert_uint_eq(layout.sub_header_blocks, 1);
    ck_assert_uint_eq(layout.bitmap_blocks, 64);
    ck_assert_uint_eq(layout.bitmap1, 2 * 4096);
    ck_assert_uint_eq(layout.bitmap2, 34 * 4096);
    ck_assert_uint_eq(layout.descriptors, 66 * 4096);
    ck_assert_uint_eq(layout.pages, 66 * 4096 + 24 * 16448);
}
END_TEST

START_TEST(a_32_bit_sub_header_is_80_bytes) {
    const KdumpLayout layout =
        must(KdumpLayout::of({.elf_class = format::ElfClass::k32, .max_mapnr = 1}));
    ck_assert_uint_eq(layout.notes, 4176);
}
END_TEST

START_TEST(notes_take_the_blocks_that_they_need) {
    const auto blocks = [](uint64_t note_size) {
        return must(KdumpLayout::of({.max_mapnr = 1, .note_size = note_size})).sub_header_blocks;
    };
    ck_assert_uint_eq(blocks(4096 - 104), 1);
    ck_assert_uint_eq(blocks(4096 - 103), 2);
    ck_assert_uint_eq(blocks(1 << 20), 257);
}
END_TEST

START_TEST(a_bitmap_has_a_bit_for_the_last_page) {
    const auto blocks = [](uint64_t max_mapnr) {
        return must(KdumpLayout::of({.max_mapnr = max_mapnr})).bitmap_blocks;
    };
    ck_assert_uint_eq(blocks(1), 2);
    ck_assert_uint_eq(blocks(8 * 4096), 2);
    ck_assert_uint_eq(blocks(8 * 4096 + 1), 4);
}
END_TEST

START_TEST(what_does_not_fit_its_field_is_refused) {
    const uint64_t bits_per_block = 8 * 4096;
    must(KdumpLayout::of({.max_mapnr = (UINT32_MAX / 2) * bits_per_block}));
    must_fail(KdumpLayout::of({.max_mapnr = (UINT32_MAX / 2) * bits_per_block + 1}), "too high");
    must_fail(KdumpLayout::of({.max_mapnr = 1, .note_size = UINT32_MAX}),
              "4294967295 bytes of notes");
    must_fail(KdumpLayout::of({.max_mapnr = 1, .note_size = UINT64_MAX}), "do not fit");
}
END_TEST

}  // namespace

Suite* kdump_layout_suite() {
    return support::make_suite("kdump_layout", {
                                                   a_pc_guest_has_qemus_layout,
                                                   a_32_bit_sub_header_is_80_bytes,
                                                   notes_take_the_blocks_that_they_need,
                                                   a_bitmap_has_a_bit_for_the_last_page,
                                                   what_does_not_fit_its_field_is_refused,
                                               });
}

}  // namespace guestdump::dump
