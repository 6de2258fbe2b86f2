// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/page_encoder.h"

#include <zstd.h>

#include "tests/dump/zstd/pages.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* zstd_page_suite();

namespace {

using support::Bytes;
using zstd::PageEncoder;

Bytes joined(const std::vector<Bytes>& pages) {
    Bytes all;
    for (const Bytes& page : pages) all.insert(all.end(), page.begin(), page.end());
    return all;
}

/// What libzstd makes of a frame.
Bytes decoded(std::span<const std::byte> frame, size_t page_size) {
    ck_assert_uint_eq(ZSTD_getFrameContentSize(frame.data(), frame.size()), page_size);
    Bytes page(page_size);
    const size_t size = ZSTD_decompress(page.data(), page.size(), frame.data(), frame.size());
    ck_assert_msg(!ZSTD_isError(size), "%s", ZSTD_getErrorName(size));
    ck_assert_uint_eq(size, page_size);
    return page;
}

/// How many of @pages got smaller; those give the same page again.
size_t round_trip(PageEncoder& encoder, const std::vector<Bytes>& pages) {
    size_t smaller = 0;
    for (const Bytes& page : pages) {
        const auto frame = encoder.encode(page);
        if (!frame) continue;
        ck_assert_uint_lt(frame->size(), page.size());
        ck_assert(decoded(*frame, page.size()) == page);
        ++smaller;
    }
    return smaller;
}

START_TEST(frames_give_any_page_whatever_the_codes_were_made_from) {
    for (const size_t size : {size_t{4096}, size_t{65536}}) {
        const std::vector<Bytes> pages = odd_pages(size);
        for (const Bytes& sample : {Bytes(), Bytes(size), pages[2], pages[3], joined(pages)}) {
            PageEncoder encoder(zstd::learn_codes(sample, size), size);
            ck_assert_uint_ge(round_trip(encoder, pages), pages.size() / 3);
        }
    }
}
END_TEST

START_TEST(noise_is_left_as_it_is) {
    PageEncoder encoder(zstd::learn_codes({}, 4096), 4096);
    ck_assert(!encoder.encode(support::noise(7, 4096)).has_value());
}
END_TEST

Bytes of_32_values(uint64_t seed, size_t size) {
    Bytes bytes = support::noise(seed, size);
    for (std::byte& byte : bytes) byte &= std::byte{0x1f};
    return bytes;
}

START_TEST(a_page_with_many_literals_and_one_with_few_are_coded) {
    // Sizes around those at which the header of the literals changes: 32, 256, 1024, 4096, 16384.
    constexpr size_t kSize = 65536;
    PageEncoder encoder(zstd::learn_codes(of_32_values(1, kSize), kSize), kSize);
    for (const size_t literals : {1, 31, 32, 255, 256, 257, 1023, 1024, 4095, 4096, 16383, 16384}) {
        for (const bool codable : {false, true}) {
            Bytes page(kSize);
            support::put_bytes(
                page, 5,
                codable ? of_32_values(literals, literals) : support::noise(literals, literals));
            ck_assert_uint_eq(round_trip(encoder, {page}), 1);
        }
    }
}
END_TEST

START_TEST(codes_of_like_pages_make_pages_smaller) {
    const std::vector<Bytes> pages = odd_pages(4096);
    const Bytes& text = pages[2];
    PageEncoder plain(zstd::learn_codes({}, 4096), 4096);
    PageEncoder trained(zstd::learn_codes(text, 4096), 4096);
    ck_assert_uint_lt(trained.encode(text)->size(), plain.encode(text)->size());
}
END_TEST

START_TEST(the_same_sample_gives_the_same_frames) {
    const std::vector<Bytes> pages = odd_pages(4096);
    PageEncoder one(zstd::learn_codes(joined(pages), 4096), 4096);
    PageEncoder other(zstd::learn_codes(joined(pages), 4096), 4096);
    for (const Bytes& page : pages) {
        const auto a = one.encode(page), b = other.encode(page);
        ck_assert(a.has_value() == b.has_value());
        if (a) ck_assert(support::same(*a, *b));
    }
}
END_TEST

}  // namespace

Suite* zstd_page_suite() {
    return support::make_suite(
        "zstd_page",
        {frames_give_any_page_whatever_the_codes_were_made_from, noise_is_left_as_it_is,
         a_page_with_many_literals_and_one_with_few_are_coded,
         codes_of_like_pages_make_pages_smaller, the_same_sample_gives_the_same_frames});
}

}  // namespace guestdump::dump
