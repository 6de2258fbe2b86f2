// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/huffman.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "dump/zstd/fse.h"

namespace guestdump::dump::zstd {
namespace {

using Lengths = std::array<uint8_t, 256>;

/// Bytes that are bought together, as often as @times says, for what they weigh.
struct Package {
    uint64_t weight = 0;
    std::array<uint8_t, 256> times{};
};

std::vector<Package> coins_of(const ByteCounts& counts) {
    std::vector<Package> coins(256);
    for (size_t byte = 0; byte < 256; ++byte) {
        // A byte that the sample does not have may still come.
        coins[byte].weight = std::max<uint64_t>(counts[byte], 1);
        coins[byte].times[byte] = 1;
    }
    std::stable_sort(coins.begin(), coins.end(),
                     [](const Package& a, const Package& b) { return a.weight < b.weight; });
    return coins;
}

std::vector<Package> pairs_of(const std::vector<Package>& packages) {
    std::vector<Package> pairs;
    for (size_t i = 0; i + 1 < packages.size(); i += 2) {
        Package pair = packages[i];
        pair.weight += packages[i + 1].weight;
        for (size_t byte = 0; byte < 256; ++byte) pair.times[byte] += packages[i + 1].times[byte];
        pairs.push_back(pair);
    }
    return pairs;
}

/// The best lengths below a limit, by package-merge. [Larmore and Hirschberg 1990]
Lengths lengths_of(const ByteCounts& counts) {
    const std::vector<Package> coins = coins_of(counts);
    std::vector<Package> packages = coins;
    for (unsigned level = 1; level < HuffmanCode::kMostBits; ++level) {
        const std::vector<Package> pairs = pairs_of(packages);
        packages.clear();
        std::merge(coins.begin(), coins.end(), pairs.begin(), pairs.end(),
                   std::back_inserter(packages),
                   [](const Package& a, const Package& b) { return a.weight < b.weight; });
    }
    Lengths lengths{};
    for (size_t i = 0; i < 2 * coins.size() - 2; ++i) {
        for (size_t byte = 0; byte < 256; ++byte) lengths[byte] += packages[i].times[byte];
    }
    // Weights that are all the same cannot be described. [RFC 8878, 4.2.1.2]
    if (std::all_of(lengths.begin(), lengths.end(), [](uint8_t bits) { return bits == 8; })) {
        lengths[0] = 7;
        lengths[254] = lengths[255] = 9;
    }
    return lengths;
}

/// The weights of all bytes but the last, which a reader finds itself, coded by two states in
/// turn.
std::vector<std::byte> describe_weights(std::span<const uint8_t> weights) {
    std::vector<uint64_t> counts(HuffmanCode::kMostBits + 1);
    for (const uint8_t weight : weights) ++counts[weight];
    const Distribution distribution = distribution_of(counts, 6);
    std::vector<std::byte> out = table_description(distribution);
    const size_t table = out.size();
    out.resize(table + 2 * weights.size() + 16);

    const FseEncoder encoder(distribution);
    BitWriter writer(out.data() + table);
    // Even places have one state, odd ones the other; a reader begins with the even one.
    const size_t count = weights.size();
    const size_t odd = count - 1 - count % 2;
    const size_t even = count - 2 + count % 2;
    FseEncoder::State odd_state(encoder, weights[odd]);
    FseEncoder::State even_state(encoder, weights[even]);
    for (size_t i = count - 2; i-- > 0;) {
        (i % 2 == 0 ? even_state : odd_state).put(weights[i], writer);
        writer.flush();
    }
    odd_state.finish(writer);
    even_state.finish(writer);
    out.resize(table + writer.close());
    return out;
}

}  // namespace

HuffmanCode::HuffmanCode(const ByteCounts& counts) {
    const Lengths lengths = lengths_of(counts);
    const unsigned longest = *std::max_element(lengths.begin(), lengths.end());
    std::array<uint8_t, 256> weights{};
    uint16_t next = 0;
    for (unsigned bits = longest; bits >= 1; --bits) {
        for (size_t byte = 0; byte < 256; ++byte) {
            if (lengths[byte] != bits) continue;
            codes_[byte] = {next++, static_cast<uint16_t>(bits)};
            weights[byte] = static_cast<uint8_t>(longest + 1 - bits);
        }
        next /= 2;
    }
    const std::vector<std::byte> coded = describe_weights(std::span(weights).first(255));
    assert(coded.size() < 128);
    description_.push_back(std::byte(coded.size()));
    description_.insert(description_.end(), coded.begin(), coded.end());
}

size_t HuffmanCode::encode(std::span<const std::byte> bytes, std::byte* out) const {
    BitWriter writer(out);
    size_t left = bytes.size();
    const auto put = [&](size_t at) {
        const Code code = codes_[std::to_integer<size_t>(bytes[at])];
        writer.add(code.code, code.bits);
    };
    while (left % 4 != 0) put(--left);
    writer.flush();
    static_assert(4 * kMostBits <= BitWriter::kMostBits);
    for (; left > 0; left -= 4) {
        put(left - 1);
        put(left - 2);
        put(left - 3);
        put(left - 4);
        writer.flush();
    }
    return writer.close();
}

}  // namespace guestdump::dump::zstd
