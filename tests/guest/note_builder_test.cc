// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/note_builder.h"

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::guest {

Suite* note_builder_suite();

namespace {

START_TEST(name_and_descriptor_are_padded_to_four) {
    NoteBuilder notes;
    notes.append("CORE", 7, support::Bytes(5, std::byte{0xdd}));
    const support::Bytes bytes = std::move(notes).take();
    ck_assert_uint_eq(bytes.size(), 12 + 8 + 8);
    ck_assert_uint_eq(support::le32_at(bytes, 0), 5);
    ck_assert_uint_eq(support::le32_at(bytes, 4), 5);
    ck_assert_uint_eq(support::le32_at(bytes, 8), 7);
    ck_assert_mem_eq(bytes.data() + 12, "CORE\0\0\0", 8);
    ck_assert_uint_eq(support::le32_at(bytes, 20), 0xdddddddd);
    ck_assert_uint_eq(support::le32_at(bytes, 24), 0xdd);
}
END_TEST

START_TEST(name_that_ends_inside_a_word_needs_no_more_for_its_nul) {
    NoteBuilder notes;
    notes.append("VMCOREINFO", 0, {});
    const support::Bytes bytes = std::move(notes).take();
    ck_assert_uint_eq(bytes.size(), 24);
    ck_assert_uint_eq(support::le32_at(bytes, 0), 11);
    ck_assert_mem_eq(bytes.data() + 12, "VMCOREINFO\0", 12);
}
END_TEST

START_TEST(raw_notes_are_kept_and_padded) {
    NoteBuilder notes;
    notes.append_raw(support::Bytes(13, std::byte{1}));
    ck_assert_uint_eq(notes.size(), 16);
}
END_TEST

START_TEST(virtualbox_counts_no_nul_and_pads_to_eight) {
    NoteBuilder notes;
    notes.append_vbox("VBCORE", 0xb00, support::Bytes(9, std::byte{0xdd}));
    notes.append_vbox("8letters", 0xb01, {});
    const support::Bytes bytes = std::move(notes).take();
    ck_assert_uint_eq(bytes.size(), (12 + 8 + 16) + (12 + 8));
    ck_assert_uint_eq(support::le32_at(bytes, 0), 6);
    ck_assert_uint_eq(support::le32_at(bytes, 4), 9);
    ck_assert_uint_eq(support::le32_at(bytes, 8), 0xb00);
    ck_assert_mem_eq(bytes.data() + 12, "VBCORE\0\0\xdd", 9);
    ck_assert(support::all_zero(support::View(bytes).subspan(29, 7)));
    ck_assert_uint_eq(support::le32_at(bytes, 36), 8);
    ck_assert_mem_eq(bytes.data() + 48, "8letters", 8);
}
END_TEST

}  // namespace

Suite* note_builder_suite() {
    return support::make_suite(
        "note_builder",
        {name_and_descriptor_are_padded_to_four,
         name_that_ends_inside_a_word_needs_no_more_for_its_nul, raw_notes_are_kept_and_padded,
         virtualbox_counts_no_nul_and_pads_to_eight});
}

}  // namespace guestdump::guest
