// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/zstd/codes.h"

#include "dump/zstd/matches.h"

namespace guestdump::dump::zstd {
namespace {

/// A little of all pages is in each kind's codes: a kind may have hardly any pages in the sample.
constexpr uint64_t kOwnWeight = 256;

/// Of what a kind's pages are made.
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

}  // namespace guestdump::dump::zstd
