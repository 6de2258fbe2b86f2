// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/page_classes.h"

#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* page_classes_suite();

namespace {

START_TEST(levels_are_makedumpfiles) {
    ck_assert(Exclusion::of_level(0) == Exclusion{});
    ck_assert(Exclusion::of_level(1) == Exclusion{.zero = true});
    ck_assert(Exclusion::of_level(2) == Exclusion{.cache = true});
    ck_assert(Exclusion::of_level(4) == Exclusion{.cache_private = true});
    ck_assert(Exclusion::of_level(8) == Exclusion{.user = true});
    ck_assert(Exclusion::of_level(16) == Exclusion{.free = true});
    for (uint32_t level = 0; level < 32; ++level)
        ck_assert_uint_eq(Exclusion::of_level(level)->level(), level);
    ck_assert(!Exclusion::of_level(32));
    ck_assert(!Exclusion::of_level(UINT32_MAX));
}
END_TEST

START_TEST(private_cache_comes_with_all_cache) {
    const Exclusion two = *Exclusion::of_level(2), four = *Exclusion::of_level(4);
    ck_assert(two.has(PageClass::cache) && !two.has(PageClass::cache_private));
    ck_assert(four.has(PageClass::cache) && four.has(PageClass::cache_private));
}
END_TEST

START_TEST(pages_with_errors_and_pages_given_back_are_never_in_a_dump) {
    for (uint32_t level = 0; level < 32; ++level) {
        const Exclusion exclusion = *Exclusion::of_level(level);
        ck_assert(exclusion.has(PageClass::hwpoison) && exclusion.has(PageClass::offline));
        ck_assert(!exclusion.has(PageClass::kept));
        ck_assert(exclusion.has(PageClass::user) == ((level & 8) != 0));
        ck_assert(exclusion.has(PageClass::free) == ((level & 16) != 0));
        ck_assert(exclusion.has(PageClass::unaccepted) == ((level & 16) != 0));
        ck_assert(exclusion.by_class() == (level > 1));
    }
}
END_TEST

START_TEST(every_class_has_a_name) {
    ck_assert(name_of(PageClass::kept) == "kept");
    ck_assert(name_of(PageClass::cache_private) == "cache-private");
    ck_assert(name_of(PageClass::offline) == "offline");
}
END_TEST

}  // namespace

Suite* page_classes_suite() {
    return support::make_suite("page_classes",
                               {
                                   levels_are_makedumpfiles,
                                   private_cache_comes_with_all_cache,
                                   pages_with_errors_and_pages_given_back_are_never_in_a_dump,
                                   every_class_has_a_name,
                               });
}

}  // namespace guestdump::linux_guest
