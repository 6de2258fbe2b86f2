// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cinttypes>
#include <compare>
#include <cstdint>
#include <optional>

#include "util/error.h"

namespace guestdump::guest {

/// A guest-physical address, in bytes.
struct Gpa {
    uint64_t value = 0;
    auto operator<=>(const Gpa&) const = default;
};

/// A guest-virtual address, in bytes.
struct Gva {
    uint64_t value = 0;
    auto operator<=>(const Gva&) const = default;
};

/// Guest-physical bytes [start, start + size): never empty and never beyond 2^64.
struct GpaRange {
    Gpa start;
    uint64_t size = 0;

    /// Errors: the range is empty, or wraps around.
    static Result<GpaRange> make(Gpa start, uint64_t size) {
        if (size == 0) {
            return Error::make("the range at 0x%" PRIx64 " is empty", start.value);
        }
        if (size - 1 > UINT64_MAX - start.value) {
            return Error::make("the range of 0x%" PRIx64 " bytes at 0x%" PRIx64
                               " ends beyond the 64-bit address space",
                               size, start.value);
        }
        return GpaRange{start, size};
    }

    /// The last byte, inside the range. (An exclusive end of 2^64 would not fit into 64 bits.)
    uint64_t last() const { return start.value + (size - 1); }

    bool contains(Gpa gpa) const { return gpa >= start && gpa.value - start.value < size; }

    /// The intersection, if any.
    std::optional<GpaRange> overlap(const GpaRange& other) const {
        const uint64_t from = std::max(start.value, other.start.value);
        const uint64_t to = std::min(last(), other.last());
        if (from > to) return std::nullopt;
        return GpaRange{Gpa{from}, to - from + 1};
    }

    bool operator==(const GpaRange&) const = default;
};

}  // namespace guestdump::guest
