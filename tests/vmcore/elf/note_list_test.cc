// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/elf/note_list.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::noise;
using support::put_bytes;
using support::put_le32;

Suite* note_list_suite();

namespace {

START_TEST(notes_are_split_at_their_padding) {
    Bytes payload = note("CORE", 1, noise(1, 5));
    put_bytes(payload, payload.size(), note("ABC", 7, noise(2, 8)));
    const NoteList list = split_notes(payload);
    ck_assert(!list.damage);
    ck_assert_uint_eq(list.notes.size(), 2);
    ck_assert(list.notes[0].name == "CORE");
    ck_assert(support::same(list.notes[0].descriptor, noise(1, 5)));
    ck_assert_uint_eq(list.notes[0].whole.size(), 12 + 8 + 5);
    ck_assert(list.notes[1].name == "ABC");
    ck_assert_uint_eq(list.notes[1].type, 7);
}
END_TEST

START_TEST(last_note_may_lack_its_padding) {
    Bytes payload = note("CORE", 1, noise(1, 5));
    payload.resize(payload.size() - 3);
    const NoteList list = split_notes(payload);
    ck_assert(!list.damage);
    ck_assert_uint_eq(list.notes.size(), 1);
}
END_TEST

START_TEST(zeros_between_and_behind_notes_are_skipped) {
    Bytes payload = note("CORE", 1, noise(1, 4));
    payload.resize(payload.size() + 24);
    put_bytes(payload, payload.size(), note("CORE", 1, noise(2, 4)));
    payload.resize(payload.size() + 100);
    const NoteList list = split_notes(payload);
    ck_assert(!list.damage);
    ck_assert_uint_eq(list.notes.size(), 2);
}
END_TEST

START_TEST(sizes_that_lead_outside_leave_the_notes_before_them) {
    for (const uint64_t at : {uint64_t{0}, uint64_t{4}}) {
        for (const uint32_t size : {1000u, 0x7fffffffu, 0xfffffffdu, 0xffffffffu}) {
            Bytes payload = note("CORE", 1, noise(1, 4));
            const uint64_t second = payload.size();
            put_bytes(payload, second, note("VMCOREINFO", 0, noise(2, 40)));
            put_le32(payload, second + at, size);
            const NoteList list = split_notes(payload);
            ck_assert_uint_eq(list.notes.size(), 1);
            ck_assert(list.damage.has_value());
            ck_assert(list.damage->find("the note at 24") != std::string::npos);
        }
    }
}
END_TEST

START_TEST(name_without_its_nul_is_kept) {
    Bytes payload = note("VBCORE", 0xb00, noise(1, 24));
    put_le32(payload, 0, 6);  // as VirtualBox counts
    const NoteList list = split_notes(payload);
    ck_assert_uint_eq(list.notes.size(), 1);
    ck_assert(list.notes[0].name == "VBCORE");
}
END_TEST

}  // namespace

Suite* note_list_suite() {
    return support::make_suite(
        "note_list",
        {notes_are_split_at_their_padding, last_note_may_lack_its_padding,
         zeros_between_and_behind_notes_are_skipped,
         sizes_that_lead_outside_leave_the_notes_before_them, name_without_its_nul_is_kept});
}

}  // namespace guestdump::vmcore
