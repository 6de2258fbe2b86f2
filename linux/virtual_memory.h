// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "guest/address.h"
#include "util/result.h"
#include "util/stored.h"

namespace guestdump::linux_guest {

/// Reads the virtual memory of the guest's Linux kernel. The guest controls everything that is
/// read, so none of it can be trusted. One thread.
class VirtualMemory {
  public:
    virtual ~VirtualMemory() = default;

    /// Copies the bytes at @from to @out, until it is full.
    /// Errors: some of the bytes are not mapped, or cannot be read; the time limit was reached.
    virtual Result<> read(guest::Gva from, std::span<std::byte> out) const = 0;
};

/// Reads the little-endian integer at @from. Errors: those of read().
template <std::unsigned_integral T>
Result<T> read_integer(const VirtualMemory& memory, guest::Gva from) {
    util::Stored<T, std::endian::little> value;
    TRY(memory.read(from, std::as_writable_bytes(std::span(&value, 1))));
    return T{value};
}

inline Result<uint64_t> read_u64(const VirtualMemory& memory, guest::Gva from) {
    return read_integer<uint64_t>(memory, from);
}
inline Result<uint32_t> read_u32(const VirtualMemory& memory, guest::Gva from) {
    return read_integer<uint32_t>(memory, from);
}

/// Reads the pointer at @from. Errors: those of read().
inline Result<guest::Gva> read_pointer(const VirtualMemory& memory, guest::Gva from) {
    const uint64_t value = TRY(read_integer<uint64_t>(memory, from));
    return guest::Gva{value};
}

/// Reads the bytes at @from up to the first NUL, and no more than @most. They may not be printable.
/// Errors: those of read(), unless a NUL comes before the byte that cannot be read.
Result<std::string> read_string(const VirtualMemory& memory, guest::Gva from, size_t most);

}  // namespace guestdump::linux_guest
