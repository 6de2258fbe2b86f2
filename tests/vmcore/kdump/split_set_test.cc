// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/split_set.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "tests/vmcore/small_split.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/verify.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;

Suite* split_set_suite();

namespace {

constexpr uint64_t kPage = 4096;
using Parts = std::vector<std::shared_ptr<const ByteSource>>;

/// Pages 1 to 9, of which 3 and 8 are zero, and page 20 in bitmap 1 alone.
SmallKdump nine_pages(int bits = 64) {
    SmallKdump kdump{.bits = bits, .excluded = {20}, .machine = bits == 64 ? "x86_64" : "i686"};
    for (uint64_t pfn = 1; pfn <= 9; ++pfn) {
        const bool zero = pfn == 3 || pfn == 8;
        kdump.pages.push_back(
            {.pfn = pfn, .flags = zero ? 0u : 1u, .contents = zero ? Bytes() : text_page(pfn)});
    }
    return kdump;
}

Parts three_parts(const SmallKdump& kdump, bool roomy) {
    return {in_memory(split_part(kdump, 0, 4, roomy)), in_memory(split_part(kdump, 4, 4, roomy)),
            in_memory(split_part(kdump, 4, 64, roomy))};
}

START_TEST(set_is_the_file_that_was_split) {
    for (const int bits : {32, 64}) {
        const auto whole = must(Vmcore::read(in_memory(nine_pages(bits).file())));
        for (const bool roomy : {false, true}) {
            const auto vmcore = must(Vmcore::read(three_parts(nine_pages(bits), roomy)));
            ck_assert_uint_eq(vmcore->files(), 3);
            ck_assert(verify(*vmcore, 2).good());
            const Comparison result = must(compare(*whole, *vmcore, 2));
            ck_assert(result.equal());
            ck_assert_uint_eq(result.bytes, 9 * kPage);
            ck_assert(vmcore->contents().left_out == whole->contents().left_out);
        }
    }
}
END_TEST

START_TEST(order_of_the_files_does_not_matter) {
    Parts parts = three_parts(nine_pages(), true);
    std::reverse(parts.begin(), parts.end());
    ck_assert(must(compare(*must(Vmcore::read(in_memory(nine_pages().file()))),
                           *must(Vmcore::read(parts)), 2))
                  .equal());
}
END_TEST

START_TEST(zero_pages_of_all_files_are_known_without_being_read) {
    const auto vmcore = must(Vmcore::read(three_parts(nine_pages(), true)));
    for (const uint64_t pfn : {3u, 8u}) {
        const guest::RamExtent extent = vmcore->kdump()->region->extent(pfn * kPage, 10 * kPage);
        ck_assert(!extent.populated);
        ck_assert_uint_eq(extent.length, kPage);
    }
}
END_TEST

START_TEST(joined_file_reads_the_same_in_pieces_of_any_size) {
    const auto joined = must(join_split_set(three_parts(nine_pages(), false)));
    Bytes whole(joined->size());
    must(joined->read_at(0, whole));
    for (const uint64_t size : {1u, 7u, 24u, 4095u}) {
        const uint64_t step = size == 1 ? 13 : size;
        for (uint64_t at = SmallKdump::kSub; at + size <= whole.size(); at += step) {
            Bytes piece(size);
            must(joined->read_at(at, piece));
            ck_assert(
                std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<ptrdiff_t>(at)));
        }
    }
    Bytes beyond(2);
    ck_assert(!joined->read_at(whole.size() - 1, beyond));
}
END_TEST

START_TEST(missing_file_is_named_by_its_memory_unless_a_part_is_wanted) {
    const SmallKdump kdump = nine_pages();
    const Parts parts = {in_memory(split_part(kdump, 0, 4, true)),
                         in_memory(split_part(kdump, 6, 64, true))};
    must_fail(Vmcore::read(parts), "lacks the file with the memory from 0x4000 to 0x5fff");
    must_fail(Vmcore::read(Parts{parts[1]}), "name all files of the set");
    const auto vmcore = must(Vmcore::read(parts, {.partial = true}));
    const RangeList missing = {{guest::Gpa{0x4000}, 0x2000}};
    ck_assert(vmcore->contents().missing == missing);
    Bytes page(kPage);
    must(vmcore->blocks().read(guest::Gpa{0x6000}, page));
    ck_assert(page == text_page(6));
    const auto alone = must(Vmcore::read(Parts{parts[1]}, {.partial = true}));
    ck_assert_uint_eq(alone->contents().blocks.total_bytes(), 4 * kPage);
}
END_TEST

START_TEST(files_that_do_not_belong_together_are_refused) {
    const SmallKdump kdump = nine_pages();
    SmallKdump other = kdump;
    other.excluded.push_back(21);
    const auto first = in_memory(split_part(kdump, 0, 4, true));
    const auto rest = in_memory(split_part(kdump, 4, 64, true));
    must_fail(join_split_set({first, in_memory(split_part(other, 4, 64, true))}),
              "are not of the same split set");
    must_fail(join_split_set({first, in_memory(kdump.file())}), "is not a file of a split set");
    must_fail(join_split_set({first, rest, rest}), "memory from 0x4000 is in another file");
    ck_assert(!is_split_part(*in_memory(kdump.file())));
    ck_assert(!is_split_part(*in_memory(text_page(1))));
    ck_assert(is_same_split_set(*first, *rest) && !is_same_split_set(*first, *in_memory({})));
}
END_TEST

START_TEST(damage_in_one_file_costs_its_pages) {
    const SmallKdump kdump = nine_pages();
    Bytes second = split_part(kdump, 4, 64, true);
    support::put_le64(second, SmallKdump::kDescriptors, second.size());        // page 4
    support::put_le64(second, SmallKdump::kDescriptors + 24, UINT64_MAX - 8);  // page 5
    support::put_le64(second, SmallKdump::kDescriptors + 48, 4096);            // page 6
    const Parts parts = {in_memory(split_part(kdump, 0, 4, true)), in_memory(second)};
    const Verification result = verify(*must(Vmcore::read(parts)), 2);
    ck_assert_uint_eq(result.bad_pages, 3);
    ck_assert_uint_eq(result.bytes, 9 * kPage);
}
END_TEST

START_TEST(file_of_a_set_that_is_cut_anywhere_is_read_as_far_as_it_goes) {
    const SmallKdump kdump = nine_pages();
    const Bytes second = split_part(kdump, 4, 64, true);
    for (size_t size = 0; size < second.size(); size += 97) {
        const Bytes cut(second.begin(), second.begin() + static_cast<ptrdiff_t>(size));
        const Parts parts = {in_memory(split_part(kdump, 0, 4, true)), in_memory(cut)};
        const auto part = Vmcore::read(parts, {.partial = true});
        if (part) ck_assert_uint_ge((*part)->contents().blocks.total_bytes(), 3 * kPage);
        if (size < SmallKdump::kDescriptors) ck_assert(!part);
    }
}
END_TEST

}  // namespace

Suite* split_set_suite() {
    return support::make_suite(
        "split_set",
        {set_is_the_file_that_was_split, order_of_the_files_does_not_matter,
         zero_pages_of_all_files_are_known_without_being_read,
         joined_file_reads_the_same_in_pieces_of_any_size,
         missing_file_is_named_by_its_memory_unless_a_part_is_wanted,
         files_that_do_not_belong_together_are_refused, damage_in_one_file_costs_its_pages,
         file_of_a_set_that_is_cut_anywhere_is_read_as_far_as_it_goes});
}

}  // namespace guestdump::vmcore
