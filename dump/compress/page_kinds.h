// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace guestdump::dump {

/// Classifies the pages of one guest by the bytes they contain: text, machine code, tables of
/// pointers, and so on. Immutable once constructed, and then usable from any thread.
class PageKinds {
  public:
    static constexpr size_t kCount = 8;

    /// Learns the kinds from @pages. All have the same size, a multiple of 4096.
    explicit PageKinds(std::span<const std::span<const std::byte>> pages);

    /// The kind of @page, below kCount. Looks at 128 of its bytes.
    size_t kind_of(std::span<const std::byte> page) const;

  private:
    /// The cost of one byte value in the code of each kind: 16 bits a kind, so that two additions
    /// sum up all eight.
    using Costs = std::array<uint64_t, 2>;

    void learn(std::span<const std::span<const std::byte>> pages, std::span<const size_t> kinds);

    std::array<Costs, 256> costs_{};
};

}  // namespace guestdump::dump
