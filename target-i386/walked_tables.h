// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>

#include "util/mapped_map.h"

namespace guestdump::target_i386 {

/// A page table at one virtual address. It has the same mappings in every walk.
struct TablePlace {
    uint64_t table = 0;  ///< guest-physical address, with the level in its low bits
    uint64_t base = 0;   ///< virtual address of its first entry
    uint64_t mode = 0;   ///< how tables are read, PagingMode::identity()

    bool operator==(const TablePlace&) const = default;

    std::array<uint64_t, 3> parts() const { return {table, base, mode}; }
};

/// The tables that the walks over a guest's address spaces have read so far, and the work that this
/// took. Most tables of a process belong to the kernel, and all processes share them.
class WalkedTables {
  public:
    bool empty() const { return places_.empty(); }
    bool has(const TablePlace& place) const { return places_.find(place) != nullptr; }
    /// Errors: out of memory.
    util::Result<> add(const TablePlace& place) {
        TRY(places_.try_emplace(place, {}));
        return {};
    }

    /// Steps of all walks; the walker defines what a step is.
    uint64_t steps() const { return steps_; }
    void add_steps(uint64_t steps) { steps_ += steps; }

  private:
    struct Nothing {};

    util::MappedMap<TablePlace, Nothing> places_;
    uint64_t steps_ = 0;
};

}  // namespace guestdump::target_i386
