// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>

#include "tests/fuzz/zstd_page_input.h"

using namespace guestdump;

namespace {

/// Codes of guests that are nothing but one thing. Made once: that takes as long as a thousand
/// pages, and is what zstd_codes_fuzz is for.
const fuzz::Codes& codes_of(uint8_t number) {
    static const auto kCodes = [] {
        std::array<fuzz::Codes, 9> all;
        uint32_t state = 1;
        for (unsigned kind = 0; kind + 1 < all.size(); ++kind) {
            std::vector<std::byte> sample(4 * fuzz::kPage);
            for (std::byte& byte : sample) {
                state = state * 1664525 + 1013904223;
                byte = static_cast<std::byte>((state >> 24) >> kind);
            }
            all[kind] = dump::zstd::learn_codes(sample, fuzz::kPage);
        }
        all.back() = dump::zstd::learn_codes({}, fuzz::kPage);
        return all;
    }();
    return kCodes[number % kCodes.size()];
}

}  // namespace

/// Any bytes as which codes to use, and a page.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    fuzz::check_pages(fuzz::pages_of(data + 1, std::min(size - 1, fuzz::kPage)), codes_of(data[0]));
    return 0;
}
