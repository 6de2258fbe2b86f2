// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/mapped_map.h"

#include <array>
#include <set>

#include "tests/support/memory_limit.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* mapped_map_suite();

namespace {

constexpr uint64_t kMany = 20000;

/// A key that shares its hash, and so its slot, with 99 others.
struct Coarse {
    uint64_t number = 0;
    bool operator==(const Coarse&) const = default;
    std::array<uint64_t, 1> parts() const { return {number / 100}; }
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

START_TEST(keys_that_come_to_the_same_slot_are_told_apart) {
    MappedMap<Coarse, uint64_t> map;
    for (uint64_t i = 0; i < 1000; ++i) must(map.try_emplace({i}, i));
    for (uint64_t i = 0; i < 1000; ++i) ck_assert_uint_eq(*map.find({i}), i);
    ck_assert_ptr_null(map.find({1000}));
}
END_TEST

START_TEST(where_there_is_no_memory_it_is_as_it_was) {
    if (!support::kHasGlibcMalloc) return;
    MappedMap<uint64_t, uint64_t> map;
    for (uint64_t i = 0; i < kMany; ++i) must(map.try_emplace(i, i));
    support::limit_memory(size_t{1} << 18);  // for messages
    uint64_t more = kMany;
    Result<> refused;
    while (refused && more < 3 * kMany) {
        if (auto added = map.try_emplace(more, more); added)
            ++more;
        else
            refused = std::move(added).take_error();
    }
    must_fail(refused, "Cannot allocate memory");
    ck_assert_uint_eq(map.size(), more);
    ck_assert_ptr_null(map.find(more));
    for (uint64_t i = 0; i < more; ++i) ck_assert_uint_eq(*map.find(i), i);
}
END_TEST

START_TEST(one_that_was_moved_from_has_nothing) {
    MappedMap<uint64_t, uint64_t> map;
    must(map.try_emplace(1, 2));
    MappedMap<uint64_t, uint64_t> other = std::move(map);
    ck_assert_ptr_null(map.find(1));
    ck_assert_uint_eq(*other.find(1), 2);
    map = std::move(other);
    ck_assert_ptr_null(other.find(1));
    must(other.try_emplace(1, 3));
    ck_assert_uint_eq(*map.find(1), 2);
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
                                                 keys_that_come_to_the_same_slot_are_told_apart,
                                                 where_there_is_no_memory_it_is_as_it_was,
                                                 one_that_was_moved_from_has_nothing,
                                                 each_is_visited_once_until_one_fails,
                                             });
}

}  // namespace guestdump::util
