// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dump/zstd/codes.h"
#include "dump/zstd/matches.h"

namespace guestdump::dump::zstd {

/// Makes zstd frames of pages, with codes that are there already, where libzstd counts, and makes
/// codes, for each page. One thread. [RFC 8878]
class PageEncoder {
  public:
    /// The largest page that a frame made here can hold.
    static constexpr size_t kLargestPage = size_t{1} << 16;

    /// @page_size is a multiple of 4096 and at most kLargestPage.
    PageEncoder(std::shared_ptr<const Codes> codes, size_t page_size);

    /// A frame that gives @page, in memory that is good until the next call; nothing where it would
    /// not be smaller than the page.
    std::optional<std::span<const std::byte>> encode(std::span<const std::byte> page);

    const std::shared_ptr<const Codes>& codes() const { return codes_; }

  private:
    std::shared_ptr<const Codes> codes_;
    MatchFinder finder_;
    std::vector<std::byte> frame_;
};

}  // namespace guestdump::dump::zstd
