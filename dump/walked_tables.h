// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/mapped_map.h"

namespace dump {

/// A page table where something refers to it. What it maps there is the same for whoever does.
struct TablePlace {
    uint64_t table = 0;  ///< guest-physical address, with the level in its low bits
    uint64_t base = 0;   ///< virtual address of its first entry
    uint64_t mode = 0;   ///< as PagingRoot::mode

    bool operator==(const TablePlace&) const = default;

    /// Tables lie on page borders and so do bases: their low bits tell nothing.
    uint64_t fold() const { return table * 0x9e3779b97f4a7c15 ^ (base >> 12 ^ mode << 52); }
};

/// The tables that the walks through a guest's address spaces have read so far, and what that has
/// cost. Most of one process's tables are every process's: the kernel's.
class WalkedTables {
  public:
    bool empty() const { return places_.empty(); }
    bool has(const TablePlace& place) const { return places_.find(place) != nullptr; }
    /// Errors: the host has no memory to give.
    util::Result<> add(const TablePlace& place) {
        TRY(places_.try_emplace(place, {}));
        return {};
    }

    /// Steps of all walks, whatever a walker counts as one.
    uint64_t steps() const { return steps_; }
    void add_steps(uint64_t steps) { steps_ += steps; }

  private:
    struct Nothing {};

    util::MappedMap<TablePlace, Nothing> places_;
    uint64_t steps_ = 0;
};

}  // namespace dump
