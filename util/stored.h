// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace guestdump::util {

/// An integer as stored in a file: converts from and to @T, bytes in @Order, alignment 1.
///
/// Structs made of these need no packing attribute and no conversion calls that could be forgotten.
template <std::unsigned_integral T, std::endian Order>
class Stored {
  public:
    constexpr Stored() = default;
    constexpr Stored(T value) {
        for (size_t i = 0; i < sizeof(T); ++i) {
            bytes_[i] = static_cast<uint8_t>(value >> shift(i));
        }
    }

    constexpr operator T() const {
        uint64_t value = 0;
        for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{bytes_[i]} << shift(i);
        return static_cast<T>(value);
    }

  private:
    static constexpr unsigned shift(size_t i) {
        const size_t place = Order == std::endian::little ? i : sizeof(T) - 1 - i;
        return static_cast<unsigned>(8 * place);
    }

    std::array<uint8_t, sizeof(T)> bytes_{};
};

using le16 = Stored<uint16_t, std::endian::little>;
using le32 = Stored<uint32_t, std::endian::little>;
using le64 = Stored<uint64_t, std::endian::little>;
using be64 = Stored<uint64_t, std::endian::big>;
static_assert(sizeof(le64) == 8 && alignof(le64) == 1);

/// The bytes of a trivially copyable object, for writing it out.
template <class T>
std::span<const std::byte> bytes_of(const T& object) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1, "not a file structure");
    return std::as_bytes(std::span(&object, 1));
}

}  // namespace guestdump::util
