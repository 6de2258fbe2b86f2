// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/symbol_table.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace guestdump::linux_guest {
namespace {

/// FNV-1a.
uint64_t hash_of(std::string_view name) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash ^ hash >> 32;
}

/// Limit on the length of the chains that are searched. Without it, names chosen to collide would
/// take quadratic time.
constexpr size_t kLongestChain = 512;

}  // namespace

Result<> SymbolTable::reserve(size_t count) {
    TRY(entries_.reserve(count));
    return names_.reserve(count * 16);
}

Result<> SymbolTable::add(uint64_t address, std::string_view name) {
    name = name.substr(0, UINT16_MAX);
    if (names_.size() + name.size() > UINT32_MAX) {
        return Error::make("the names of %zu symbols have more than 4 GiB", entries_.size());
    }
    const size_t at = names_.size();
    TRY(names_.resize(at + name.size()));
    std::transform(name.begin(), name.end(), names_.begin() + at,
                   [](char c) { return c > ' ' && c <= '~' ? c : '?'; });
    return entries_.push_back({.address = address,
                               .name = static_cast<uint32_t>(at),
                               .length = static_cast<uint16_t>(name.size())});
}

Result<> SymbolTable::finish() {
    sorted_ = TRY(util::MappedArray<uint32_t>::make(entries_.size()));
    std::iota(sorted_.begin(), sorted_.end(), 0);
    // Equal addresses are ordered by number, so that aliases keep the order in which they were
    // added.
    std::sort(sorted_.begin(), sorted_.end(), [this](uint32_t a, uint32_t b) {
        const uint64_t x = entries_[a].address, y = entries_[b].address;
        return x != y ? x < y : a < b;
    });
    return index_names();
}

Result<> SymbolTable::index_names() {
    by_name_ = TRY(util::MappedArray<uint32_t>::make(std::bit_ceil(2 * entries_.size() + 1)));
    const size_t mask = by_name_.size() - 1;
    for (uint32_t i = 0; i < entries_.size(); ++i) {
        size_t slot = hash_of(name_of(entries_[i])) & mask;
        size_t steps = 0;
        while (by_name_[slot] != 0 && ++steps < kLongestChain) slot = (slot + 1) & mask;
        if (steps < kLongestChain) by_name_[slot] = i + 1;
    }
    return {};
}

std::optional<guest::Gva> SymbolTable::address_of(std::string_view name) const {
    if (by_name_.size() == 0) return std::nullopt;
    const size_t mask = by_name_.size() - 1;
    size_t slot = hash_of(name) & mask;
    for (size_t steps = 0; by_name_[slot] != 0 && steps < kLongestChain; ++steps) {
        const Entry& entry = entries_.view()[by_name_[slot] - 1];
        if (name_of(entry) == name) return guest::Gva{entry.address};
        slot = (slot + 1) & mask;
    }
    return std::nullopt;
}

std::optional<SymbolAt> SymbolTable::find(guest::Gva address) const {
    const auto address_of = [this](uint32_t i) { return entries_.view()[i].address; };
    const auto after =
        std::upper_bound(sorted_.begin(), sorted_.end(), address.value,
                         [&](uint64_t value, uint32_t i) { return value < address_of(i); });
    if (after == sorted_.begin()) return std::nullopt;
    const uint64_t start = address_of(*(after - 1));
    const auto first =
        std::lower_bound(sorted_.begin(), after, start,
                         [&](uint32_t i, uint64_t value) { return address_of(i) < value; });
    return SymbolAt{.name = name_of(entries_.view()[*first]),
                    .offset = address.value - start,
                    .size = after == sorted_.end() ? 0 : address_of(*after) - start};
}

}  // namespace guestdump::linux_guest
