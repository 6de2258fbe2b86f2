// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/sequence_coder.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace guestdump::dump::zstd {
namespace {

/// A code, and the bits that follow it.
struct Coded {
    unsigned code;
    uint32_t extra;
    unsigned bits;
};

/// Codes and their extra bits; from some value on every power of two has one. A table, because
/// which of a few ranges a value is in is nothing that a processor guesses.
template <size_t Values, size_t Codes>
struct CodeTable {
    std::array<uint8_t, Values> code_of{};
    std::array<uint8_t, Codes> bits_of{};

    /// From the values at which the codes begin, each a multiple of what its extra bits can tell.
    constexpr explicit CodeTable(const std::array<uint32_t, Codes>& begins) {
        for (size_t code = 0; code < Codes; ++code) {
            const uint32_t end = code + 1 < Codes ? begins[code + 1] : 2 * begins[code];
            bits_of[code] = static_cast<uint8_t>(std::bit_width(end - begins[code]) - 1);
            for (uint32_t value = begins[code]; value < std::min<uint32_t>(end, Values); ++value) {
                code_of[value] = static_cast<uint8_t>(code);
            }
        }
    }

    Coded operator()(uint32_t value) const {
        const auto beyond = static_cast<unsigned>(std::bit_width(value / Values));
        const unsigned code = beyond == 0 ? code_of[value] : code_of[Values - 1] + beyond;
        const unsigned bits = bits_of[code];
        return {code, value & ((1u << bits) - 1), bits};
    }
};

// [RFC 8878, 3.1.1.3.2.1.1]
constexpr CodeTable<64, 36> kLiteralCodes({0,   1,   2,    3,    4,    5,    6,     7,     8,
                                           9,   10,  11,   12,   13,   14,   15,    16,    18,
                                           20,  22,  24,   28,   32,   40,   48,    64,    128,
                                           256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536});

/// Of matches' lengths less 3.
constexpr CodeTable<128, 53> kMatchCodes(
    {0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   10,   11,   12,   13,   14,    15,    16,   17,
     18, 19, 20, 21, 22, 23, 24, 25,  26,  27,  28,   29,   30,   31,   32,    34,    36,   38,
     40, 44, 48, 56, 64, 80, 96, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536});

Coded code_of_literals(uint32_t count) {
    return kLiteralCodes(count);
}

Coded code_of_match(uint32_t length) {
    return kMatchCodes(length - 3);
}

Coded code_of_offset(uint32_t value) {
    const auto bits = static_cast<unsigned>(std::bit_width(value)) - 1;
    return {bits, value - (1u << bits), bits};
}

// More precise ones take more room in the block than they save.
constexpr unsigned kLiteralsLog = 8, kOffsetsLog = 7, kMatchesLog = 8;

/// Every code below @codes is possible, though the sample may not have it.
Distribution possible(std::span<const uint64_t> counts, size_t codes, unsigned log) {
    assert(codes <= counts.size());
    std::vector<uint64_t> all(counts.begin(), counts.begin() + static_cast<ptrdiff_t>(codes));
    for (uint64_t& count : all) count = std::max<uint64_t>(count, 1);
    return distribution_of(all, log);
}

// Symbol_Compression_Modes. [RFC 8878, 3.1.1.3.2.1]
constexpr std::byte kAllPredefined{0x00};
constexpr std::byte kAllDescribed{0xa8};

}  // namespace

void SequenceCounts::add(std::span<const Sequence> sequences) {
    for (const Sequence& sequence : sequences) {
        ++literals[code_of_literals(sequence.literals).code];
        ++offsets[code_of_offset(sequence.offset).code];
        ++matches[code_of_match(sequence.match).code];
    }
}

SequenceCoder::SequenceCoder() : SequenceCoder(defaults(), kAllPredefined) {}

SequenceCoder::SequenceCoder(const SequenceCounts& counts, size_t page_size)
    : SequenceCoder(like(counts, page_size), kAllDescribed) {
    const Distributions own = like(counts, page_size);
    for (const Distribution* part : {&own.literals, &own.offsets, &own.matches}) {
        const std::vector<std::byte> text = table_description(*part);
        description_.insert(description_.end(), text.begin(), text.end());
    }
}

SequenceCoder::SequenceCoder(const Distributions& distributions, std::byte modes)
    : literals_(distributions.literals),
      offsets_(distributions.offsets),
      matches_(distributions.matches),
      description_{modes} {}

// [RFC 8878, 3.1.1.3.2.2]
SequenceCoder::Distributions SequenceCoder::defaults() {
    return {
        .literals = {6, {4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
                         2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}},
        .offsets = {5, {1, 1, 1, 1, 1, 1, 2, 2, 2, 1,  1,  1,  1,  1, 1,
                        1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}},
        .matches = {6, {1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}},
    };
}

SequenceCoder::Distributions SequenceCoder::like(const SequenceCounts& counts, size_t page_size) {
    const size_t offsets = code_of_offset(offset_value(static_cast<uint32_t>(page_size))).code + 1;
    return {
        .literals = possible(counts.literals, counts.literals.size(), kLiteralsLog),
        .offsets = possible(counts.offsets, offsets, kOffsetsLog),
        .matches = possible(counts.matches, counts.matches.size(), kMatchesLog),
    };
}

size_t SequenceCoder::encode(std::span<const Sequence> sequences, std::byte* out) const {
    const std::byte* const begin = out;
    const size_t count = sequences.size();
    if (count < 128) {
        *out++ = std::byte(count);
    } else {
        assert(count < 0x7f00);
        *out++ = std::byte(128 + count / 256);
        *out++ = std::byte(count % 256);
    }
    if (count == 0) return 1;
    out = std::copy(description_.begin(), description_.end(), out);

    BitWriter writer(out);
    Coded literals = code_of_literals(sequences.back().literals);
    Coded match = code_of_match(sequences.back().match);
    Coded offset = code_of_offset(sequences.back().offset);
    FseEncoder::State match_state(matches_, match.code);
    FseEncoder::State offset_state(offsets_, offset.code);
    FseEncoder::State literals_state(literals_, literals.code);
    const auto put_extra = [&] {
        writer.add(literals.extra, literals.bits);
        writer.add(match.extra, match.bits);
        writer.add(offset.extra, offset.bits);
        writer.flush();
    };
    put_extra();
    for (size_t i = count - 1; i-- > 0;) {
        literals = code_of_literals(sequences[i].literals);
        match = code_of_match(sequences[i].match);
        offset = code_of_offset(sequences[i].offset);
        offset_state.put(offset.code, writer);
        match_state.put(match.code, writer);
        literals_state.put(literals.code, writer);
        writer.flush();
        put_extra();
    }
    match_state.finish(writer);
    offset_state.finish(writer);
    literals_state.finish(writer);
    writer.flush();
    return static_cast<size_t>(out - begin) + writer.close();
}

}  // namespace guestdump::dump::zstd
