// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/mapped_map.h"

#include <set>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace util {

using support::must;
using support::must_fail;

Suite* mapped_map_suite();

namespace {

constexpr uint64_t kMany = 20000;

/// A key of which many fold to the same number.
struct Coarse {
    uint64_t number = 0;
    bool operator==(const Coarse&) const = default;
    uint64_t fold() const { return number / 100; }
};

START_TEST(a_key_keeps_its_first_value_however_many_come) {
    MappedMap<uint64_t, uint64_t> map;
    for (uint64_t i = 0; i < kMany; ++i) {
        const auto [value, is_new] = must(map.try_emplace(i << 12, i));
        ck_assert(is_new && *value == i);
    }
    for (uint64_t i = 0; i < kMany; ++i) {
        const auto [value, is_new] = must(map.try_emplace(i << 12, 0));
        ck_assert(!is_new && *value == i);
        ck_assert_uint_eq(*map.find(i << 12), i);
    }
    ck_assert_uint_eq(map.size(), kMany);
    ck_assert_ptr_null(map.find(1));
}
END_TEST

START_TEST(a_new_one_has_nothing) {
    MappedMap<uint64_t, uint64_t> map;
    ck_assert(map.empty());
    ck_assert_ptr_null(map.find(0));
    must(map.try_emplace(0, 5));
    ck_assert_uint_eq(*map.find(0), 5);
    ck_assert(!map.empty());
}
END_TEST

START_TEST(keys_that_fold_to_the_same_number_are_told_apart) {
    MappedMap<Coarse, uint64_t> map;
    for (uint64_t i = 0; i < 1000; ++i) must(map.try_emplace({i}, i));
    for (uint64_t i = 0; i < 1000; ++i) ck_assert_uint_eq(*map.find({i}), i);
    ck_assert_ptr_null(map.find({1000}));
}
END_TEST

START_TEST(each_is_visited_once_until_one_fails) {
    MappedMap<uint64_t, uint64_t> map;
    for (uint64_t i = 0; i < 1000; ++i) must(map.try_emplace(i, i + 1));
    std::set<uint64_t> seen;
    must(map.for_each([&](uint64_t key, uint64_t value) -> Result<> {
        ck_assert_uint_eq(value, key + 1);
        ck_assert(seen.insert(key).second);
        return {};
    }));
    ck_assert_uint_eq(seen.size(), 1000);
    int visits = 0;
    must_fail(map.for_each([&](uint64_t, uint64_t) -> Result<> {
        return ++visits < 3 ? Result<>() : Error::make("enough");
    }),
              "enough");
    ck_assert_int_eq(visits, 3);
}
END_TEST

}  // namespace

Suite* mapped_map_suite() {
    return support::make_suite("mapped_map", {
                                                 a_key_keeps_its_first_value_however_many_come,
                                                 a_new_one_has_nothing,
                                                 keys_that_fold_to_the_same_number_are_told_apart,
                                                 each_is_visited_once_until_one_fails,
                                             });
}

}  // namespace util
