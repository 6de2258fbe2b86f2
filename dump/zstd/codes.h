// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "dump/compress/page_kinds.h"
#include "dump/zstd/huffman.h"
#include "dump/zstd/sequence_coder.h"

namespace guestdump::dump::zstd {

/// What pages of a kind are coded with.
struct KindCodes {
    HuffmanCode literals;
    SequenceCoder sequences;
};

/// What the pages of one guest are coded with. Immutable: any number of encoders share it.
struct Codes {
    PageKinds kinds;
    std::vector<KindCodes> of_kind;  ///< PageKinds::kCount of them
    SequenceCoder few_sequences;     ///< for pages where no description pays
};

/// Codes for the pages of a guest, made from @sample: pages of @page_size, one behind the other.
/// The same for the same sample.
std::shared_ptr<const Codes> learn_codes(std::span<const std::byte> sample, size_t page_size);

}  // namespace guestdump::dump::zstd
