// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>

#include "dump/zstd/fse.h"
#include "dump/zstd/huffman.h"
#include "tests/support/bytes.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* zstd_codes_suite();

namespace {

int sum_of(const zstd::Distribution& distribution) {
    int sum = 0;
    for (const int16_t probability : distribution.probabilities) sum += std::abs(probability);
    return sum;
}

/// Of 2^11, what all the codes take: exactly that where every sequence of bits is a code.
uint64_t taken_by(const zstd::HuffmanCode& code) {
    uint64_t taken = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        ck_assert_uint_ge(code.bits(std::byte(byte)), 1);
        ck_assert_uint_le(code.bits(std::byte(byte)), 11);
        taken += uint64_t{1} << (11 - code.bits(std::byte(byte)));
    }
    return taken;
}

START_TEST(a_distribution_has_all_parts_and_forgets_no_symbol) {
    const std::vector<std::vector<uint64_t>> some = {
        {1, 1},
        {1, uint64_t{1} << 40},
        {uint64_t{1} << 40, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        std::vector<uint64_t>(31, 1),
        {0, 0, 5, 0, 3, 0},
        {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3},
    };
    for (const auto& counts : some) {
        for (unsigned log = 5; log <= 9; ++log) {
            const zstd::Distribution distribution = zstd::distribution_of(counts, log);
            ck_assert_int_eq(sum_of(distribution), 1 << log);
            for (size_t i = 0; i < counts.size(); ++i) {
                ck_assert((distribution.probabilities[i] != 0) == (counts[i] != 0));
            }
        }
    }
}
END_TEST

START_TEST(a_code_is_complete_whatever_the_bytes_are_like) {
    zstd::ByteCounts none{}, one{}, powers{}, equal{};
    one['x'] = uint64_t{1} << 40;
    for (size_t i = 0; i < 256; ++i) powers[i] = uint64_t{1} << i % 50;
    equal.fill(1000);
    for (const auto& counts : {none, one, powers, equal}) {
        ck_assert_uint_eq(taken_by(zstd::HuffmanCode(counts)), uint64_t{1} << 11);
    }
}
END_TEST

START_TEST(frequent_bytes_get_short_codes) {
    zstd::ByteCounts counts{};
    counts.fill(1);
    counts['a'] = 100000;
    counts['b'] = 50000;
    const zstd::HuffmanCode code(counts);
    ck_assert_uint_eq(code.bits(std::byte{'a'}), 1);
    ck_assert_uint_eq(code.bits(std::byte{'b'}), 2);
    ck_assert_uint_ge(code.bits(std::byte{'c'}), 9);
}
END_TEST

}  // namespace

Suite* zstd_codes_suite() {
    return support::make_suite("zstd_codes", {a_distribution_has_all_parts_and_forgets_no_symbol,
                                              a_code_is_complete_whatever_the_bytes_are_like,
                                              frequent_bytes_get_short_codes});
}

}  // namespace guestdump::dump
