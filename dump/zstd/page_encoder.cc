// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/page_encoder.h"

#include <cassert>

#include "dump/zstd/literals_section.h"
#include "dump/zstd/put_number.h"

namespace guestdump::dump::zstd {
namespace {

/// From so many sequences on, codes made for them pay for being described.
constexpr size_t kManySequences = 64;

}  // namespace

PageEncoder::PageEncoder(std::shared_ptr<const Codes> codes, size_t page_size)
    : codes_(std::move(codes)), finder_(page_size), frame_(8 * page_size + 1024) {
    assert(page_size > 0 && page_size % 4096 == 0 && page_size <= kLargestPage);
}

std::optional<std::span<const std::byte>> PageEncoder::encode(std::span<const std::byte> page) {
    finder_.find(page);
    const KindCodes& codes = codes_->of_kind[codes_->kinds.kind_of(page)];
    std::byte* at = frame_.data();
    // One segment, a content size of 2 bytes, no checksum, no dictionary. [RFC 8878, 3.1.1.1]
    at = put_number<4>(at, 0xfd2fb528);
    at = put_number<1>(at, 0x60);
    at = put_number<2>(at, page.size() - 256);
    std::byte* const header = at;
    at += 3;
    const auto literals = finder_.literals();
    std::byte* const coded = put_coded_literals(literals, codes.literals, at);
    if (!coded && finder_.sequences().empty()) return std::nullopt;
    at = coded ? coded : put_raw_literals(literals, at);
    const bool many = finder_.sequences().size() >= kManySequences;
    at += (many ? codes.sequences : codes_->few_sequences).encode(finder_.sequences(), at);
    const auto size = static_cast<size_t>(at - frame_.data());
    if (size >= page.size()) return std::nullopt;
    // The last block, compressed. [RFC 8878, 3.1.1.2]
    put_number<3>(header, 1 | 2 << 1 | static_cast<uint64_t>(at - header - 3) << 3);
    return std::span<const std::byte>(frame_).first(size);
}

}  // namespace guestdump::dump::zstd
