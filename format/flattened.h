// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// makedumpfile's flattened format: a file as a stream of records, each with an offset and the
/// bytes that belong there, for targets that cannot seek. Big-endian on every host; the file that
/// it carries keeps its own byte order. [makedumpfile IMPLEMENTATION]

namespace guestdump::format {

inline constexpr std::string_view kFlatSignature = "makedumpfile";  ///< NUL-padded to 16 bytes
inline constexpr uint64_t kFlatType = 1;
inline constexpr uint64_t kFlatVersion = 1;

/// Both members of the record that ends the stream: -1.
inline constexpr uint64_t kFlatEnd = UINT64_MAX;

/// The start of the stream.
struct FlatHeader {
    std::array<char, 16> signature{};
    util::be64 type, version;
    std::array<uint8_t, 4096 - 32> pad{};
};

/// Precedes the bytes of each record. Both members are signed, and negative only in the record that
/// ends the stream.
struct FlatRecord {
    util::be64 offset;  ///< bytes from the start of the carried file
    util::be64 size;    ///< bytes that follow, more than 0
};

static_assert(sizeof(FlatHeader) == 4096 && sizeof(FlatRecord) == 16);

}  // namespace guestdump::format
