// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/vmcoreinfo.h"

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::linux_guest {

Suite* vmcoreinfo_suite();

namespace {

using support::must;
using support::must_fail;

/// A note of @size bytes, whose header contains the other sizes.
support::Bytes note_of(uint32_t name_size, uint32_t descriptor_size, size_t size) {
    support::Bytes note(size);
    support::put_le32(note, 0, name_size);
    support::put_le32(note, 4, descriptor_size);
    return note;
}

START_TEST(a_note_of_linux_is_taken_apart) {
    const support::Bytes note = support::vmcoreinfo_note("OSRELEASE=6.1.0\nPAGESIZE=4096\n");
    const NoteView view = must(parse_note(note));
    ck_assert(view.name == "VMCOREINFO");
    ck_assert_uint_eq(view.type, 0);
    ck_assert_uint_eq(view.descriptor_offset, 24);
    ck_assert_uint_eq(view.descriptor.size(), 30);
    ck_assert(support::text_at(note, view.descriptor_offset, 9) == "OSRELEASE");
}
END_TEST

START_TEST(a_note_may_end_without_padding) {
    support::Bytes note = note_of(3, 5, 12 + 4 + 5);
    support::put_text(note, 12, "ab");
    const NoteView view = must(parse_note(note));
    ck_assert(view.name == "ab");
    ck_assert_uint_eq(view.descriptor.size(), 5);
}
END_TEST

START_TEST(a_note_without_name_and_descriptor_is_one) {
    const support::Bytes note = note_of(0, 0, 12);
    const NoteView view = must(parse_note(note));
    ck_assert(view.name.empty());
    ck_assert(view.descriptor.empty());
}
END_TEST

START_TEST(a_note_shorter_than_its_header_is_refused) {
    must_fail(parse_note(support::Bytes(11)), "a note of 11 bytes");
    must_fail(parse_note(support::Bytes()), "a note of 0 bytes");
}
END_TEST

START_TEST(a_note_larger_than_a_mebibyte_is_refused) {
    must(parse_note(support::Bytes(guest::kMaxGuestNote)));
    must_fail(parse_note(support::Bytes(guest::kMaxGuestNote + 1)), "larger than 1048576");
}
END_TEST

START_TEST(sizes_that_lead_outside_of_the_note_are_refused) {
    must_fail(parse_note(note_of(11, 9, 12 + 12 + 8)), "a name of 11 and a descriptor of 9 bytes");
    must_fail(parse_note(note_of(11, 0, 12 + 11)), "do not fit a note of 23");
    must_fail(parse_note(note_of(UINT32_MAX, 0, 64)), "do not fit");
    must_fail(parse_note(note_of(0, UINT32_MAX, 64)), "do not fit");
    must_fail(parse_note(note_of(UINT32_MAX, UINT32_MAX, 64)), "do not fit");
}
END_TEST

START_TEST(what_lies_behind_the_note_is_not_of_it) {
    support::Bytes note = support::vmcoreinfo_note("OSRELEASE=6.1.0\n");
    const size_t size = note.size();
    note.resize(size + 500, std::byte{1});
    ck_assert_uint_eq(must(parse_note(note)).whole.size(), size);
    ck_assert(must(parse_note(note)).descriptor.size() == 16);
}
END_TEST

START_TEST(a_name_of_the_dumps_own_notes_is_refused) {
    for (const std::string_view name : {"CORE", "QEMU", "VBCORE", "VBCPU"}) {
        for (const uint32_t nuls : {0u, 1u, 2u, 20u}) {
            support::Bytes note = note_of(static_cast<uint32_t>(name.size()) + nuls, 0, 64);
            support::put_text(note, 12, name);
            must_fail(parse_note(note), "a note of the guest has the name '" + std::string(name));
        }
    }
    for (const std::string_view name : {"CORES", "qemu", "QEM", ""}) {
        support::Bytes note = note_of(static_cast<uint32_t>(name.size()) + 1, 0, 64);
        support::put_text(note, 12, name);
        ck_assert(must(parse_note(note)).name == name);
    }
}
END_TEST

START_TEST(values_are_found_by_whole_keys) {
    const Vmcoreinfo info("XOSRELEASE=no\nOSRELEASE=6.1.0\nOSRELEASE2=no\nEMPTY=\nLAST=1");
    ck_assert(info.value("OSRELEASE") == "6.1.0");
    ck_assert(info.value("EMPTY") == "");
    ck_assert(info.value("LAST") == "1");
    ck_assert(!info.value("RELEASE"));
    ck_assert(!info.value("OSRELEASE=6"));
    ck_assert(!Vmcoreinfo("").value("OSRELEASE"));
}
END_TEST

START_TEST(numbers_are_signed_decimal) {
    const Vmcoreinfo info(
        "NUMBER(phys_base)=-123731968\nNUMBER(a)=96468992\nNUMBER(hex)=0x10\nNUMBER(none)=\n"
        "NUMBER(big)=99999999999999999999\n");
    ck_assert_int_eq(static_cast<int64_t>(info.number("phys_base").value()), -123731968);
    ck_assert_uint_eq(info.number("a").value(), 0x5c00000);
    for (const char* name : {"hex", "none", "big", "absent"}) ck_assert(!info.number(name));
}
END_TEST

START_TEST(symbols_are_hexadecimal) {
    const Vmcoreinfo info("SYMBOL(init_uts_ns)=ffffffffa3df9b60\nSYMBOL(x)=12 \n");
    ck_assert_uint_eq(info.symbol("init_uts_ns").value(), 0xffffffffa3df9b60);
    ck_assert(!info.symbol("x"));
    ck_assert(!info.symbol("y"));
}
END_TEST

START_TEST(offsets_sizes_and_lengths_are_decimal_and_not_negative) {
    const Vmcoreinfo info(
        "OFFSET(page.flags)=8\nSIZE(page)=64\nLENGTH(zone.free_area)=11\n"
        "SIZE(a)=-1\nSIZE(b)=0x10\nSIZE(c)=18446744073709551616\nSIZE(page)=32\n");
    ck_assert_uint_eq(info.offset("page.flags").value(), 8);
    ck_assert_uint_eq(info.size("page").value(), 64);
    ck_assert_uint_eq(info.length("zone.free_area").value(), 11);
    for (const char* name : {"a", "b", "c", "d"}) ck_assert(!info.size(name));
    ck_assert(!info.length("page"));
}
END_TEST

}  // namespace

Suite* vmcoreinfo_suite() {
    return support::make_suite("vmcoreinfo",
                               {
                                   a_note_of_linux_is_taken_apart,
                                   a_note_may_end_without_padding,
                                   a_note_without_name_and_descriptor_is_one,
                                   a_note_shorter_than_its_header_is_refused,
                                   a_note_larger_than_a_mebibyte_is_refused,
                                   sizes_that_lead_outside_of_the_note_are_refused,
                                   what_lies_behind_the_note_is_not_of_it,
                                   a_name_of_the_dumps_own_notes_is_refused,
                                   values_are_found_by_whole_keys,
                                   numbers_are_signed_decimal,
                                   symbols_are_hexadecimal,
                                   offsets_sizes_and_lengths_are_decimal_and_not_negative,
                               });
}

}  // namespace guestdump::linux_guest
