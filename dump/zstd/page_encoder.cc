// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/page_encoder.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "dump/page_kinds.h"
#include "dump/zstd/huffman.h"
#include "dump/zstd/sequence_coder.h"

namespace dump::zstd {

/// What pages of a kind are coded with.
struct KindCodes {
    HuffmanCode literals;
    SequenceCoder sequences;
};

struct Codes {
    PageKinds kinds;
    std::vector<KindCodes> of_kind;  ///< PageKinds::kCount of them
    SequenceCoder few_sequences;
};

namespace {

/// A little of all pages is in each kind's codes: a kind may have hardly any pages in the sample.
constexpr uint64_t kOwnWeight = 256;
/// From so many sequences on, codes made for them pay for being described.
constexpr size_t kManySequences = 64;

struct Counts {
    ByteCounts literals{};
    SequenceCounts sequences;

    void add(const Counts& other, uint64_t weight) {
        const auto add_all = [weight](auto& to, const auto& from) {
            for (size_t i = 0; i < to.size(); ++i) to[i] += weight * from[i];
        };
        add_all(literals, other.literals);
        add_all(sequences.literals, other.sequences.literals);
        add_all(sequences.offsets, other.sequences.offsets);
        add_all(sequences.matches, other.sequences.matches);
    }
};

template <size_t Bytes>
std::byte* put_number(std::byte* out, uint64_t value) {
    for (size_t i = 0; i < Bytes; ++i) *out++ = std::byte(value >> 8 * i & 0xff);
    return out;
}

/// [RFC 8878, 3.1.1.3.1]
enum Literals : unsigned { kRaw = 0, kCompressed = 2 };

std::byte* put_raw_literals(std::span<const std::byte> literals, std::byte* out) {
    const size_t size = literals.size();
    if (size < 32) {
        out = put_number<1>(out, kRaw | size << 3);
    } else if (size < 4096) {
        out = put_number<2>(out, kRaw | 1u << 2 | size << 4);
    } else {
        out = put_number<3>(out, kRaw | 3u << 2 | size << 4);
    }
    return std::copy(literals.begin(), literals.end(), out);
}

/// Whether @code makes @literals smaller by enough to be tried, as far as one in 16 of them tells.
bool gains(std::span<const std::byte> literals, const HuffmanCode& code) {
    size_t bits = 0, looks = 0;
    for (size_t at = 0; at < literals.size(); at += 16, ++looks) bits += code.bits(literals[at]);
    return bits < looks * 8 - looks / 4;
}

/// Nothing is put, and null returned, where it would be no gain.
std::byte* put_coded_literals(std::span<const std::byte> literals, const HuffmanCode& code,
                              std::byte* out) {
    const size_t size = literals.size();
    // One stream, or four with a table of the sizes of the first three; a header of 3 to 5 bytes.
    const bool four_streams = size >= 256;
    const unsigned format = !four_streams ? 0 : size < 1024 ? 1 : size < 16384 ? 2 : 3;
    const size_t header = format < 2 ? 3 : format + 2;
    const unsigned width = format < 2 ? 10 : format == 2 ? 14 : 18;
    std::byte* const body = out + header;
    std::byte* at = std::copy(code.description().begin(), code.description().end(), body);
    if (four_streams) {
        std::byte* table = at;
        at += 6;
        const size_t each = (size + 3) / 4;
        for (size_t begin = 0; begin < size; begin += each) {
            const size_t written =
                code.encode(literals.subspan(begin, std::min(each, size - begin)), at);
            if (begin + each < size) table = put_number<2>(table, written);
            at += written;
        }
    } else {
        at += code.encode(literals, at);
    }
    const auto coded = static_cast<size_t>(at - body);
    if (coded >= size || coded >= size_t{1} << width) return nullptr;
    const uint64_t value =
        kCompressed | format << 2 | uint64_t{size} << 4 | uint64_t{coded} << (4 + width);
    std::array<std::byte, 8> bytes;
    put_number<8>(bytes.data(), value);
    std::memcpy(out, bytes.data(), header);
    return at;
}

}  // namespace

std::shared_ptr<const Codes> learn_codes(std::span<const std::byte> sample, size_t page_size) {
    std::vector<std::span<const std::byte>> pages;
    for (size_t at = 0; at + page_size <= sample.size(); at += page_size) {
        pages.push_back(sample.subspan(at, page_size));
    }
    PageKinds kinds(pages);
    std::vector<Counts> counts(PageKinds::kCount);
    MatchFinder finder(page_size);
    for (const auto page : pages) {
        finder.find(page);
        Counts& own = counts[kinds.kind_of(page)];
        own.sequences.add(finder.sequences());
        for (const std::byte byte : finder.literals())
            ++own.literals[std::to_integer<size_t>(byte)];
    }
    Counts all;
    for (const Counts& own : counts) all.add(own, 1);
    std::vector<KindCodes> of_kind;
    for (const Counts& own : counts) {
        Counts weighted = all;
        weighted.add(own, kOwnWeight);
        of_kind.push_back(
            {HuffmanCode(weighted.literals), SequenceCoder(weighted.sequences, page_size)});
    }
    return std::make_shared<const Codes>(Codes{std::move(kinds), std::move(of_kind), {}});
}

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
    std::byte* const coded = gains(literals, codes.literals)
                                 ? put_coded_literals(literals, codes.literals, at)
                                 : nullptr;
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

}  // namespace dump::zstd
