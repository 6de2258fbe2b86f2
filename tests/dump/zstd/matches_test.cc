// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/matches.h"

#include <utility>

#include "tests/dump/zstd/pages.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* zstd_matches_suite();

namespace {

using support::Bytes;

/// What a reader keeps of offsets. [RFC 8878, 3.1.1.5]
struct Offsets {
    uint32_t first = 1, second = 4, third = 8;

    uint32_t take(uint32_t value, bool has_literals) {
        if (value > 3) {
            third = std::exchange(second, std::exchange(first, value - 3));
            return first;
        }
        if (!has_literals) ++value;
        ck_assert_uint_le(value, 2);  // others are allowed, and not used here
        if (value == 2) std::swap(first, second);
        return first;
    }
};

/// What a reader makes of what was found.
Bytes made_from(const zstd::MatchFinder& found) {
    Bytes page;
    Offsets offsets;
    auto literals = found.literals();
    for (const zstd::Sequence& sequence : found.sequences()) {
        ck_assert_uint_le(sequence.literals, literals.size());
        ck_assert_uint_ge(sequence.match, 4);
        support::put_bytes(page, page.size(), literals.first(sequence.literals));
        literals = literals.subspan(sequence.literals);
        const uint32_t offset = offsets.take(sequence.offset, sequence.literals > 0);
        ck_assert_uint_ge(page.size(), offset);
        for (uint32_t i = 0; i < sequence.match; ++i) page.push_back(page[page.size() - offset]);
    }
    support::put_bytes(page, page.size(), literals);
    return page;
}

START_TEST(what_is_found_makes_the_page_again) {
    for (const size_t size : {size_t{256}, size_t{4096}, size_t{65536}}) {
        zstd::MatchFinder finder(size);
        for (const Bytes& page : odd_pages(size)) {
            finder.find(page);
            ck_assert(made_from(finder) == page);
        }
    }
}
END_TEST

START_TEST(what_repeats_is_found) {
    zstd::MatchFinder finder(4096);
    finder.find(Bytes(4096));
    ck_assert_uint_eq(finder.sequences().size(), 1);
    Bytes twice = support::noise(3, 2048);
    support::put_bytes(twice, 2048, support::noise(3, 2048));
    finder.find(twice);
    ck_assert_uint_eq(finder.sequences().size(), 1);
    ck_assert_uint_eq(finder.sequences()[0].offset, 2048 + 3);
    ck_assert_uint_eq(finder.literals().size(), 2048);
}
END_TEST

START_TEST(a_page_is_looked_through_as_if_there_were_no_other) {
    const Bytes page = odd_pages(4096)[60];
    zstd::MatchFinder used(4096), fresh(4096);
    used.find(support::noise(9, 4096));
    used.find(page);
    fresh.find(page);
    ck_assert(support::same(used.literals(), fresh.literals()));
    ck_assert_uint_eq(used.sequences().size(), fresh.sequences().size());
}
END_TEST

}  // namespace

Suite* zstd_matches_suite() {
    return support::make_suite("zstd_matches",
                               {what_is_found_makes_the_page_again, what_repeats_is_found,
                                a_page_is_looked_through_as_if_there_were_no_other});
}

}  // namespace guestdump::dump
