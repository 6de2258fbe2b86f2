// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <initializer_list>

#include "tests/support/libcheck.h"

namespace guestdump::support {

/// The main() of a folder's tests: runs its suites, prints one line for each failure and a count.
///
/// Each test is a process of its own unless CK_FORK=no (for a debugger or a sanitizer).
/// CK_RUN_SUITE and CK_RUN_CASE select tests; CK_VERBOSITY=verbose also prints the names of those
/// that passed.
inline int run_suites(std::initializer_list<Suite*> suites) {
    SRunner* runner = srunner_create(nullptr);
    for (Suite* suite : suites) srunner_add_suite(runner, suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/// A suite of one case, which is enough for most files.
inline Suite* make_suite(const char* name, std::initializer_list<const TTest*> tests) {
    Suite* suite = suite_create(name);
    TCase* tcase = tcase_create(name);
    for (const TTest* test : tests) tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
    return suite;
}

}  // namespace guestdump::support
