// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <cstring>
#include <vector>

#include <zstd.h>

#include "dump/zstd/page_encoder.h"

/// Any bytes as a guest's pages, the first half of them as the sample: each comes back as it was.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kPage = 4096;
    std::vector<std::byte> guest((size + kPage - 1) / kPage * kPage);
    if (size > 0) std::memcpy(guest.data(), data, size);
    const size_t sample = guest.size() / kPage / 2 * kPage;
    dump::zstd::PageEncoder encoder(dump::zstd::learn_codes(std::span(guest).first(sample), kPage),
                                    kPage);
    std::vector<std::byte> again(kPage);
    for (size_t at = 0; at < guest.size(); at += kPage) {
        const auto page = std::span(guest).subspan(at, kPage);
        const auto frame = encoder.encode(page);
        if (!frame) continue;
        const size_t got = ZSTD_decompress(again.data(), kPage, frame->data(), frame->size());
        if (got != kPage || std::memcmp(again.data(), page.data(), kPage) != 0) std::abort();
    }
    return 0;
}
