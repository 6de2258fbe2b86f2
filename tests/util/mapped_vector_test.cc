// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/mapped_vector.h"

#include <cstdint>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* mapped_vector_suite();

namespace {

constexpr size_t kMany = 100000;

MappedVector<uint64_t> squares(size_t count) {
    MappedVector<uint64_t> vector;
    for (uint64_t i = 0; i < count; ++i) must(vector.push_back(i * i));
    return vector;
}

START_TEST(what_was_appended_stays_in_its_place_while_it_grows) {
    const auto vector = squares(kMany);
    ck_assert_uint_eq(vector.size(), kMany);
    for (uint64_t i = 0; i < kMany; ++i) ck_assert_uint_eq(vector[i], i * i);
}
END_TEST

START_TEST(an_element_of_its_own_can_be_appended) {
    auto vector = squares(3);
    while (vector.size() < kMany) must(vector.push_back(vector[2]));
    ck_assert_uint_eq(vector.back(), 4);
}
END_TEST

START_TEST(it_can_be_made_longer_and_shorter) {
    auto vector = squares(10);
    must(vector.resize(kMany));
    ck_assert_uint_eq(vector.size(), kMany);
    ck_assert_uint_eq(vector[9], 81);
    vector.truncate(2);
    ck_assert_uint_eq(vector.view().size(), 2);
    must(vector.push_back(7));
    ck_assert_uint_eq(vector[2], 7);
}
END_TEST

START_TEST(where_there_is_no_memory_it_is_as_it_was) {
    auto vector = squares(10);
    must_fail(vector.reserve(size_t{1} << 58), "Cannot allocate memory");
    must_fail(vector.resize(size_t{1} << 58), "Cannot allocate memory");
    ck_assert_uint_eq(vector.size(), 10);
    ck_assert_uint_eq(vector[9], 81);
}
END_TEST

START_TEST(a_new_one_has_nothing_and_no_memory) {
    MappedVector<uint64_t> vector;
    ck_assert(vector.empty());
    ck_assert(vector.view().empty());
    ck_assert_ptr_null(vector.begin());
    MappedVector<uint64_t> other = squares(5);
    vector = std::move(other);
    ck_assert_uint_eq(vector.size(), 5);
    ck_assert(other.empty());
}
END_TEST

}  // namespace

Suite* mapped_vector_suite() {
    return support::make_suite("mapped_vector",
                               {
                                   what_was_appended_stays_in_its_place_while_it_grows,
                                   an_element_of_its_own_can_be_appended,
                                   it_can_be_made_longer_and_shorter,
                                   where_there_is_no_memory_it_is_as_it_was,
                                   a_new_one_has_nothing_and_no_memory,
                               });
}

}  // namespace guestdump::util
