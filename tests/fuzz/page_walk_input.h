// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/stored.h"

/// Meaning of an input of the page walk's fuzz target: registers, then table entries.

namespace guestdump::fuzz {

struct WalkHeader {
    uint8_t modes = 0;  ///< registers and traits: kPae and so on
    uint8_t physical_bits = 52;
    util::le64 cr3;
};
static_assert(sizeof(WalkHeader) == 10);

enum : uint8_t {
    kPae = 1,
    kLong = 2,
    kFiveLevels = 4,
    kPse = 8,
    kNoExecute = 16,
    kNoA20 = 32,
    kNoGigabytePages = 64,
    kEncryption = 128,  ///< bit 51
};

/// Puts @entry, 8 bytes, into the memory's page number @page at 8 * @slot.
struct WalkEntry {
    uint8_t page = 0;
    util::le16 slot;
    util::le64 entry;
};
static_assert(sizeof(WalkEntry) == 11);

}  // namespace guestdump::fuzz
