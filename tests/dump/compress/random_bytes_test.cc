// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/random_bytes.h"

#include <zlib.h>

#include <algorithm>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* random_bytes_suite();

namespace {

using support::Bytes;

constexpr size_t kPage = 4096;

/// A compressed text of 64 letters, which are equally frequent.
Bytes deflated_text() {
    Bytes text = support::noise(4, 64 * kPage);
    for (std::byte& byte : text) byte = std::byte(' ' + std::to_integer<unsigned>(byte) % 64);
    Bytes stream(compressBound(text.size()));
    uLongf size = stream.size();
    ck_assert_int_eq(compress2(reinterpret_cast<Bytef*>(stream.data()), &size,
                               reinterpret_cast<const Bytef*>(text.data()), text.size(), 9),
                     Z_OK);
    stream.resize(size);
    return stream;
}

START_TEST(random_bytes_are_told_in_pages_of_any_size) {
    unsigned told = 0;
    for (uint64_t seed = 0; seed < 200; ++seed) told += looks_random(support::noise(seed, kPage));
    ck_assert_uint_ge(told, 199);
    for (const size_t size : {2048, 4096, 8192, 16384, 65536}) {
        ck_assert_msg(looks_random(support::noise(1, size)), "%zu bytes", size);
    }
}
END_TEST

START_TEST(what_was_compressed_before_looks_random) {
    const Bytes stream = deflated_text();
    unsigned pages = 0, told = 0;
    for (size_t at = 0; at + kPage <= stream.size(); at += kPage, ++pages) {
        told += looks_random(std::span(stream).subspan(at, kPage));
    }
    ck_assert_uint_ge(pages, 20);
    ck_assert_uint_ge(told, pages - 2);
}
END_TEST

START_TEST(a_page_of_which_a_part_is_zero_does_not_look_random) {
    // From a quarter of the page on.
    for (const size_t zeros : {1024, 2048, 3072, 4096}) {
        Bytes page = support::noise(3, kPage);
        std::fill_n(page.end() - static_cast<ptrdiff_t>(zeros), zeros, std::byte{0});
        ck_assert_msg(!looks_random(page), "%zu bytes of zero", zeros);
    }
}
END_TEST

START_TEST(a_table_of_all_bytes_does_not_look_random) {
    // Perfectly even, but it compresses to almost nothing.
    Bytes page(kPage);
    for (size_t i = 0; i < kPage; ++i) page[i] = std::byte((i + i / 512 * 16) & 0xff);
    ck_assert(!looks_random(page));
}
END_TEST

START_TEST(bytes_that_lack_a_bit_do_not_look_random) {
    Bytes page = support::noise(5, kPage);
    for (std::byte& byte : page) byte &= std::byte{0x7f};
    ck_assert(!looks_random(page));
}
END_TEST

START_TEST(bytes_that_favour_a_few_do_not_look_random) {
    // Of every eight bytes, one has only 16 possible values: enough for a Huffman code to gain by.
    Bytes page = support::noise(6, kPage);
    for (size_t i = 0; i < kPage; i += 8) page[i] &= std::byte{0x0f};
    ck_assert(!looks_random(page));
}
END_TEST

START_TEST(pages_below_two_kibibytes_are_left_to_the_compressor) {
    for (const size_t size : {0, 1, 127, 256, 1024, 2047}) {
        ck_assert_msg(!looks_random(support::noise(7, size)), "%zu bytes", size);
    }
}
END_TEST

}  // namespace

Suite* random_bytes_suite() {
    return support::make_suite("random_bytes",
                               {
                                   random_bytes_are_told_in_pages_of_any_size,
                                   what_was_compressed_before_looks_random,
                                   a_page_of_which_a_part_is_zero_does_not_look_random,
                                   a_table_of_all_bytes_does_not_look_random,
                                   bytes_that_lack_a_bit_do_not_look_random,
                                   bytes_that_favour_a_few_do_not_look_random,
                                   pages_below_two_kibibytes_are_left_to_the_compressor,
                               });
}

}  // namespace guestdump::dump
