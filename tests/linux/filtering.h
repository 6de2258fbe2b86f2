// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <numeric>
#include <vector>

#include "tests/linux/map_guest.h"
#include "tests/support/libcheck.h"
#include "tests/support/results.h"

namespace guestdump::linux_guest {

constexpr Exclusion kAll{.cache = true, .cache_private = true, .user = true, .free = true};
constexpr uint64_t kFirst = 0x1000;  ///< the second section's first page, which is not protected

struct Outcome {
    PageFilterReport report;
    std::vector<uint64_t> lacking;
};

inline Outcome filtered(const MapGuest& guest, const Exclusion& exclusion = kAll,
                        unsigned threads = 1) {
    guest::PageSet pages = guest.all_pages();
    const PageFilterReport report = support::must(guest.filter(exclusion, pages, threads));
    return {report, lacking(pages)};
}

/// Pages [@first, @first + @count).
inline std::vector<uint64_t> pages(uint64_t first, uint64_t count) {
    std::vector<uint64_t> list(count);
    std::iota(list.begin(), list.end(), first);
    return list;
}

inline void check_lacking(const MapGuest& guest, const Exclusion& exclusion,
                          const std::vector<uint64_t>& expected,
                          const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const Outcome outcome = filtered(guest, exclusion);
    if (!outcome.report.trusted)
        _ck_assert_failed(file, line, "not trusted", "%s", outcome.report.reason.c_str());
    if (outcome.lacking == expected) return;
    _ck_assert_failed(file, line, "wrong pages", "%zu are lacking, the first is 0x%jx, not %zu",
                      outcome.lacking.size(),
                      static_cast<uintmax_t>(outcome.lacking.empty() ? 0 : outcome.lacking[0]),
                      expected.size());
}

/// Fails unless nothing was left out, for a reason that contains @part.
inline void check_untrusted(const MapGuest& guest, const char* part,
                            const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    const Outcome outcome = filtered(guest);
    if (outcome.report.trusted) _ck_assert_failed(file, line, "it was trusted", nullptr);
    if (!outcome.lacking.empty()) _ck_assert_failed(file, line, "pages are lacking", nullptr);
    if (outcome.report.reason.find(part) == std::string::npos) {
        _ck_assert_failed(file, line, "wrong reason", "'%s' does not say '%s'",
                          outcome.report.reason.c_str(), part);
    }
}

}  // namespace guestdump::linux_guest
