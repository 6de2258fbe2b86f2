// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <zstd.h>

#include "dump/zstd/codes.h"
#include "dump/zstd/page_encoder.h"

/// What the fuzz targets of the encoder of pages share.

namespace guestdump::fuzz {

inline constexpr size_t kPage = 4096;

using Codes = std::shared_ptr<const dump::zstd::Codes>;

/// Any bytes as a guest's pages, the last one filled up with zeros.
inline std::vector<std::byte> pages_of(const uint8_t* data, size_t size) {
    std::vector<std::byte> pages((size + kPage - 1) / kPage * kPage);
    if (size > 0) std::memcpy(pages.data(), data, size);
    return pages;
}

/// Encodes each of @pages: libzstd must give it back, and a page of zeros must become smaller.
inline void check_pages(std::span<const std::byte> pages, const Codes& codes) {
    dump::zstd::PageEncoder encoder(codes, kPage);
    std::vector<std::byte> again(kPage);
    for (size_t at = 0; at < pages.size(); at += kPage) {
        const auto page = pages.subspan(at, kPage);
        const auto frame = encoder.encode(page);
        if (!frame) {
            if (std::count(page.begin(), page.end(), std::byte{0}) == kPage) std::abort();
            continue;
        }
        if (frame->size() >= kPage) std::abort();
        const size_t got = ZSTD_decompress(again.data(), kPage, frame->data(), frame->size());
        if (got != kPage || std::memcmp(again.data(), page.data(), kPage) != 0) std::abort();
    }
}

}  // namespace guestdump::fuzz
