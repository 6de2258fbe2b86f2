// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/compare.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* compare_suite();

namespace {

/// The same guest in two formats: pages 1 to 4.
SmallElf as_elf() {
    Bytes memory;
    for (uint64_t pfn = 1; pfn <= 4; ++pfn)
        support::put_bytes(memory, memory.size(), text_page(pfn));
    return {.loads = {{.paddr = 0x1000, .contents = memory}}};
}

SmallKdump as_kdump() {
    SmallKdump kdump;
    for (uint64_t pfn = 1; pfn <= 4; ++pfn) {
        kdump.pages.push_back({.pfn = pfn, .flags = 0x20, .contents = text_page(pfn)});
    }
    return kdump;
}

Bytes file_bytes(const ByteSource& source) {
    Bytes bytes(source.size());
    must(source.read_at(0, bytes));
    return bytes;
}

Comparison compared(const Bytes& a, const Bytes& b) {
    const auto first = must(Vmcore::read(in_memory(a)));
    const auto second = must(Vmcore::read(in_memory(b)));
    return must(compare(*first, *second, 2));
}

bool says(const Comparison& result, std::string_view part) {
    return std::any_of(
        result.differences.begin(), result.differences.end(),
        [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

START_TEST(one_guest_in_two_formats_is_equal) {
    const Comparison result = compared(as_elf().file(), flattened(as_kdump().file(), 1000));
    ck_assert(result.equal());
    ck_assert_uint_eq(result.bytes, 4 * 4096);
}
END_TEST

START_TEST(what_is_a_hole_in_both_is_not_read) {
    SmallElf elf = as_elf();
    elf.loads[0].contents.resize(64 << 20);
    const auto file = std::make_shared<const MemorySource>(elf.file());
    const auto first = must(Vmcore::read(file)), second = must(Vmcore::read(file));
    const Comparison same = must(compare(*first, *second, 2));
    ck_assert(same.equal());
    ck_assert_uint_eq(same.bytes, 64 << 20);
    ck_assert_uint_le(file->bytes_read(), 128 << 10);

    elf.loads[0].contents[32 << 20] = std::byte{1};
    const Comparison other = compared(file_bytes(*file), elf.file());
    ck_assert_uint_eq(other.different_pages, 1);
    ck_assert(says(other, "the page at 0x2001000 differs"));
}
END_TEST

START_TEST(pages_that_differ_are_told_by_address) {
    SmallKdump other = as_kdump();
    other.pages[2].contents[100] ^= std::byte{1};
    const Comparison result = compared(as_elf().file(), other.file());
    ck_assert_uint_eq(result.different_pages, 1);
    ck_assert_uint_eq(result.differences.size(), 1);
    ck_assert(says(result, "the page at 0x3000 differs"));
}
END_TEST

START_TEST(memory_that_only_one_has_is_told) {
    SmallKdump other = as_kdump();
    other.pages.erase(other.pages.begin() + 1);
    other.pages.push_back({.pfn = 9, .flags = 0, .contents = noise(9, 4096)});
    const Comparison result = compared(as_elf().file(), other.file());
    ck_assert_uint_eq(result.bytes, 3 * 4096);
    ck_assert(says(result, "memory 0x2000-0x2fff is only in the first"));
    ck_assert(says(result, "memory 0x9000-0x9fff is only in the second"));
}
END_TEST

START_TEST(notes_that_differ_are_told) {
    SmallElf other = as_elf();
    other.notes[12 + 8 + 336 + 12 + 8 + 136] ^= std::byte{1};  // RIP of the QEMU note
    ck_assert(says(compared(as_elf().file(), other.file()), "note 1: two kinds of QEMU note"));
    other.notes = note("CORE", 1, Bytes(336));
    ck_assert(says(compared(as_elf().file(), other.file()), "notes: 3 against 1"));
    other.notes = note("CORE", 2, Bytes(336));
    ck_assert(says(compared(as_elf().file(), other.file()),
                   "note 0: CORE note of type 0x1 against CORE note of type 0x2"));
}
END_TEST

START_TEST(machines_that_differ_are_told) {
    SmallElf other = as_elf();
    other.machine = 3;
    ck_assert(says(compared(as_elf().file(), other.file()), "machine: 62 against 3"));
}
END_TEST

START_TEST(memory_that_cannot_be_read_is_an_error) {
    Bytes file = as_kdump().file();
    support::put_le32(file, SmallKdump::kDescriptors + 12, 1);
    const auto good = must(Vmcore::read(in_memory(as_elf().file())));
    const auto bad = must(Vmcore::read(in_memory(file)));
    must_fail(compare(*good, *bad, 2), "page 0x1");
}
END_TEST

}  // namespace

Suite* compare_suite() {
    return support::make_suite(
        "compare", {one_guest_in_two_formats_is_equal, what_is_a_hole_in_both_is_not_read,
                    pages_that_differ_are_told_by_address, memory_that_only_one_has_is_told,
                    notes_that_differ_are_told, machines_that_differ_are_told,
                    memory_that_cannot_be_read_is_an_error});
}

}  // namespace guestdump::vmcore
