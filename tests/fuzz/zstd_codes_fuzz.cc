// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/zstd_page_input.h"

using namespace guestdump;

/// Any bytes as a guest's pages, the first half of them as the sample that codes are made from.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::vector<std::byte> guest = fuzz::pages_of(data, size);
    const auto sample = std::span(guest).first(guest.size() / fuzz::kPage / 2 * fuzz::kPage);
    fuzz::check_pages(guest, dump::zstd::learn_codes(sample, fuzz::kPage));
    return 0;
}
