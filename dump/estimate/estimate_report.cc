// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/estimate_report.h"

#include <string>
#include <vector>

namespace guestdump::dump {
namespace {

std::vector<qapi::DumpPageCount> to_report(const linux_guest::PageCounts& counts) {
    std::vector<qapi::DumpPageCount> list;
    for (size_t i = 0; i < linux_guest::kPageClasses; ++i) {
        const auto page_class = static_cast<linux_guest::PageClass>(i);
        list.push_back({.class_ = std::string(name_of(page_class)), .pages = counts[page_class]});
    }
    return list;
}

}  // namespace

qapi::DumpEstimate to_report(const SizeEstimate& size) {
    qapi::DumpEstimate estimate{.bytes = size.bytes,
                                .lowest = size.lowest,
                                .highest = size.highest,
                                .without_holes = size.without_holes};
    if (size.level != 0) estimate.level = size.level;
    if (size.page_counts) estimate.pages = to_report(*size.page_counts);
    if (!size.warnings.empty()) estimate.warnings = size.warnings;
    return estimate;
}

}  // namespace guestdump::dump
