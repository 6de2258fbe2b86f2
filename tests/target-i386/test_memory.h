// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "guest/memory_map.h"
#include "guest/page_source.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::target_i386 {

/// Guest memory that a test builds piece by piece. Each piece is a region of its own, so that
/// adjacent pieces remain separate blocks.
class TestMemory {
  public:
    support::ScriptedRam& add(uint64_t gpa, size_t size);

    /// Little-endian integers. Outside memory, put() fails the test and get() returns zeros.
    void put(uint64_t gpa, uint64_t value, size_t bytes);
    void put64(uint64_t gpa, uint64_t value) { put(gpa, value, 8); }
    void put32(uint64_t gpa, uint32_t value) { put(gpa, value, 4); }
    uint64_t get(uint64_t gpa, size_t bytes) const;

    bool holds(uint64_t gpa) const { return find(gpa) != nullptr; }

    /// The addresses [first, second) of each piece.
    std::vector<std::pair<uint64_t, uint64_t>> pieces() const;

    guest::GuestPhysBlockList blocks() const;
    guest::RamSource source() const { return guest::RamSource(blocks()); }

  private:
    /// RAM at a guest-physical address.
    struct RamAt {
        uint64_t gpa;
        std::shared_ptr<support::ScriptedRam> ram;
    };
    const RamAt* find(uint64_t gpa) const;

    std::vector<RamAt> pieces_;
};

}  // namespace guestdump::target_i386
