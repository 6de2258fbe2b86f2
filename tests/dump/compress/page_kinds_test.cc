// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/page_kinds.h"

#include <set>
#include <string>

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* page_kinds_suite();

namespace {

constexpr size_t kPage = 4096;

/// A page whose bytes are all in [@from, @from + 16).
support::Bytes page_of(unsigned from, uint64_t seed) {
    support::Bytes page = support::noise(seed, kPage);
    for (std::byte& byte : page) byte = std::byte(from + (std::to_integer<unsigned>(byte) & 15));
    return page;
}

PageKinds kinds_of(const std::vector<support::Bytes>& pages) {
    return PageKinds(std::vector<std::span<const std::byte>>(pages.begin(), pages.end()));
}

START_TEST(pages_of_the_same_bytes_are_of_one_kind) {
    std::vector<support::Bytes> sample;
    for (uint64_t seed = 0; seed < 64; ++seed) sample.push_back(page_of(seed % 4 * 64, seed));
    const PageKinds kinds = kinds_of(sample);
    std::set<size_t> seen;
    for (unsigned from = 0; from < 256; from += 64) {
        const size_t kind = kinds.kind_of(page_of(from, 1000 + from));
        ck_assert_uint_lt(kind, PageKinds::kCount);
        ck_assert_msg(seen.insert(kind).second, "bytes from %u are of another's kind", from);
        // All kinds with these bytes are equally good; the first one is always taken.
        for (uint64_t seed = 2000; seed < 2010; ++seed) {
            ck_assert_uint_eq(kinds.kind_of(page_of(from, seed)), kind);
        }
    }
}
END_TEST

START_TEST(without_a_sample_all_pages_are_of_one_kind) {
    const PageKinds kinds = kinds_of({});
    ck_assert_uint_eq(kinds.kind_of(page_of(0, 1)), kinds.kind_of(page_of(128, 2)));
}
END_TEST

START_TEST(the_same_sample_gives_the_same_kinds) {
    std::vector<support::Bytes> sample;
    for (uint64_t seed = 0; seed < 40; ++seed) sample.push_back(page_of(seed * 5 % 240, seed));
    const PageKinds one = kinds_of(sample), other = kinds_of(sample);
    for (const support::Bytes& page : sample)
        ck_assert_uint_eq(one.kind_of(page), other.kind_of(page));
}
END_TEST

}  // namespace

Suite* page_kinds_suite() {
    return support::make_suite("page_kinds", {
                                                 pages_of_the_same_bytes_are_of_one_kind,
                                                 without_a_sample_all_pages_are_of_one_kind,
                                                 the_same_sample_gives_the_same_kinds,
                                             });
}

}  // namespace guestdump::dump
