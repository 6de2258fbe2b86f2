// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/verify.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::must;
using support::noise;

Suite* verify_suite();

namespace {

SmallKdump five_pages() {
    SmallKdump kdump;
    for (uint64_t pfn = 1; pfn <= 5; ++pfn) {
        kdump.pages.push_back({.pfn = pfn, .flags = 1, .contents = text_page(pfn)});
    }
    return kdump;
}

Verification verified(Bytes file, unsigned threads = 2) {
    return verify(*must(Vmcore::read(in_memory(std::move(file)))), threads);
}

bool says(const Verification& result, std::string_view part) {
    return std::any_of(
        result.problems.begin(), result.problems.end(),
        [&](const std::string& problem) { return problem.find(part) != std::string::npos; });
}

START_TEST(good_files_are_good) {
    const SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 300000)}}};
    for (const unsigned threads : {1u, 3u}) {
        ck_assert(verified(elf.file(), threads).good());
        ck_assert(verified(five_pages().file(), threads).good());
        ck_assert_uint_eq(verified(elf.file(), threads).bytes, 300000);
    }
}
END_TEST

START_TEST(holes_are_not_read) {
    SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 8192)}}};
    elf.loads[0].contents.resize(64 << 20);
    const auto file = std::make_shared<const MemorySource>(elf.file());
    const Verification result = verify(*must(Vmcore::read(file)), 2);
    ck_assert(result.good());
    ck_assert_uint_eq(result.bytes, 64 << 20);
    ck_assert_uint_le(file->bytes_read(), 64 << 10);
}
END_TEST

START_TEST(each_damaged_page_is_told_and_the_others_are_read) {
    const SmallKdump kdump = five_pages();
    Bytes file = kdump.file();
    support::put_le32(file, SmallKdump::kDescriptors + 24 * 1 + 12, 2);   // page 2 is not lzo
    support::put_le64(file, SmallKdump::kDescriptors + 24 * 3, 1 << 30);  // page 4 is outside
    const Verification result = verified(file);
    ck_assert_uint_eq(result.bad_pages, 2);
    ck_assert_uint_eq(result.bytes, 5 * 4096);
    ck_assert_uint_eq(result.problems.size(), 2);
    ck_assert(says(result, "the page at 0x2000"));
    ck_assert(says(result, "the page at 0x4000"));
}
END_TEST

START_TEST(bitmaps_that_contradict_each_other_are_told) {
    Bytes file = five_pages().file();
    file[SmallKdump::kBitmap1] &= std::byte{0xf7};  // page 3
    const Verification result = verified(file);
    ck_assert(says(result, "the page at 0x3000 is in bitmap 2 but not in bitmap 1"));
}
END_TEST

START_TEST(counts_that_contradict_the_notes_are_told) {
    Bytes file = five_pages().file();
    support::put_le32(file, 460, 7);  // nr_cpus
    ck_assert(says(verified(file), "counts 7 vCPUs, there are notes of 1"));
    const Bytes prstatus = note("CORE", 1, Bytes(336));
    SmallElf elf{.loads = {{.paddr = 0x1000, .contents = noise(1, 100)}}};
    support::put_bytes(elf.notes, elf.notes.size(), prstatus);
    ck_assert(says(verified(elf.file()), "2 vCPUs by NT_PRSTATUS, 1 by QEMU notes"));
}
END_TEST

START_TEST(warnings_of_opening_are_problems) {
    SmallKdump kdump = five_pages();
    kdump.status = 8;
    ck_assert(says(verified(kdump.file()), "incomplete"));
}
END_TEST

}  // namespace

Suite* verify_suite() {
    return support::make_suite(
        "verify",
        {good_files_are_good, holes_are_not_read, each_damaged_page_is_told_and_the_others_are_read,
         bitmaps_that_contradict_each_other_are_told, counts_that_contradict_the_notes_are_told,
         warnings_of_opening_are_problems});
}

}  // namespace guestdump::vmcore
