// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace guestdump::dump {

/// Tells pages apart by the bytes that they are made of, as they occur in one guest: text from
/// machine code, from tables of pointers, and so on. Immutable once made, and then usable from any
/// thread.
class PageKinds {
  public:
    static constexpr size_t kCount = 8;

    /// Finds the kinds of which @pages are. They are all of one size, a multiple of 4096.
    explicit PageKinds(std::span<const std::span<const std::byte>> pages);

    /// The kind of a page, below kCount. Looks at 128 of its bytes.
    size_t kind_of(std::span<const std::byte> page) const;

  private:
    /// What a byte costs in a code that is made for the bytes of a kind, for each of them: 16 bits
    /// a kind, so that two additions sum up all eight.
    using Costs = std::array<uint64_t, 2>;

    void learn(std::span<const std::span<const std::byte>> pages, std::span<const size_t> kinds);

    std::array<Costs, 256> costs_{};
};

}  // namespace guestdump::dump
