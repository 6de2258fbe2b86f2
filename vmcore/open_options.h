// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "util/cancellation.h"

namespace guestdump::vmcore {

/// Guest-physical addresses that a migration stream does not contain.
struct RamAddresses {
    std::map<std::string, uint64_t> dimms{};  ///< of the RAM blocks of DIMMs, by the block's name
    std::optional<uint64_t> above_4g{};       ///< of main memory above 4 GiB: 4 GiB or 1 TiB
};

/// Options for opening a vmcore.
struct OpenOptions {
    /// True: a truncated or unfinished file is opened as far as possible. Missing memory is in
    /// Contents::missing and in no block. False: opening a truncated file fails, and so does
    /// reading a page that was never written.
    bool partial = false;
    /// Called while a compressed file is unpacked into a temporary file, with the name of the
    /// compression and the bytes so far. May be empty.
    std::function<void(const char* packing, uint64_t bytes)> unpacking{};
    /// Ends the opening of a large file early; it fails then. nullptr: nobody can. Must outlive the
    /// opening.
    const util::Cancellation* cancellation = nullptr;
    /// As far as the caller knows them.
    RamAddresses addresses{};
};

}  // namespace guestdump::vmcore
