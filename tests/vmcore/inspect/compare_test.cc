// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/compare.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::must;
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

START_TEST(memory_left_out_of_one_file_is_a_difference) {
    SmallElf left = as_elf(), right = as_elf();
    left.loads[0].memsz = 0x8000;  // 0x5000 to 0x9000
    const Comparison unknown = compared(left.file(), right.file());
    ck_assert_uint_eq(unknown.differences.size(), 1);
    ck_assert(says(unknown, "memory 0x5000-0x8fff is left out of the first, and does not exist"));
    ck_assert(says(compared(right.file(), left.file()), "is left out of the second, and does not"));
    ck_assert(compared(left.file(), left.file()).equal());

    right.loads.push_back({.paddr = 0x6000, .contents = noise(1, 0x1000)});
    const Comparison half = compared(left.file(), right.file());
    ck_assert_uint_eq(half.differences.size(), 3);
    ck_assert(says(half, "memory 0x6000-0x6fff is left out of the first"));
    ck_assert(!says(half, "only in the second"));
    ck_assert(says(compared(as_elf().file(), right.file()), "memory 0x6000-0x6fff is only in the"));
}
END_TEST

START_TEST(memory_that_a_cut_file_lacks_is_a_difference) {
    const Bytes whole = as_elf().file();
    const Bytes cut(whole.begin(), whole.end() - 4096);
    const auto first = must(Vmcore::read(in_memory(cut), {.partial = true}));
    const auto second = must(Vmcore::read(in_memory(whole)));
    const Comparison result = must(compare(*first, *second, 1));
    ck_assert_uint_eq(result.differences.size(), 1);
    ck_assert(says(result, "memory 0x4000-0x4fff is missing in the first"));
}
END_TEST

START_TEST(kdump_level_with_the_same_pages_left_out_is_no_difference) {
    SmallKdump filtered = as_kdump();
    filtered.excluded = {8, 9};
    filtered.dump_level = 31;
    SmallElf elf = as_elf();
    elf.loads.push_back({.paddr = 0x8000, .contents = {}, .memsz = 0x2000});
    ck_assert(compared(elf.file(), filtered.file()).equal());
    ck_assert(says(compared(as_elf().file(), filtered.file()), "0x8000-0x9fff is left out of the"));
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
    ck_assert(says(compared(as_elf().file(), other.file()), "machine: x86_64 against i686"));
}
END_TEST

START_TEST(page_that_cannot_be_read_is_a_difference_and_the_rest_is_compared) {
    Bytes file = as_kdump().file();
    support::put_le32(file, SmallKdump::kDescriptors + 12, 0x80);
    const Comparison of_second = compared(as_elf().file(), file);
    ck_assert(says(of_second, "the page at 0x1000 has flags 0x80"));
    ck_assert_uint_eq(of_second.different_pages, 1);
    ck_assert_uint_eq(of_second.bytes, compared(as_elf().file(), as_elf().file()).bytes);
    ck_assert(says(compared(file, as_elf().file()), "the page at 0x1000 has flags 0x80"));
    ck_assert_uint_eq(compared(file, file).different_pages, 1);
}
END_TEST

START_TEST(memory_that_both_lack_is_not_known_to_be_equal) {
    Bytes file = as_elf().file();
    file.resize(file.size() - 4096);
    const auto cut = must(Vmcore::read(in_memory(file), {.partial = true}));
    const Comparison result = must(compare(*cut, *cut, 2));
    ck_assert(!result.equal());
    ck_assert(says(result, "is missing in both"));
}
END_TEST

START_TEST(progress_reaches_the_memory_that_both_have) {
    const auto vmcore = must(Vmcore::read(in_memory(as_elf().file())));
    dump::Progress progress;
    const Comparison result = must(compare(*vmcore, *vmcore, 2, &progress));
    ck_assert_uint_gt(result.bytes, 0);
    ck_assert_uint_eq(progress.completed(), result.bytes);
}
END_TEST

}  // namespace

Suite* compare_suite() {
    return support::make_suite(
        "compare",
        {one_guest_in_two_formats_is_equal, what_is_a_hole_in_both_is_not_read,
         memory_left_out_of_one_file_is_a_difference, memory_that_a_cut_file_lacks_is_a_difference,
         kdump_level_with_the_same_pages_left_out_is_no_difference,
         pages_that_differ_are_told_by_address, memory_that_only_one_has_is_told,
         notes_that_differ_are_told, machines_that_differ_are_told,
         page_that_cannot_be_read_is_a_difference_and_the_rest_is_compared,
         memory_that_both_lack_is_not_known_to_be_equal,
         progress_reaches_the_memory_that_both_have});
}

}  // namespace guestdump::vmcore
