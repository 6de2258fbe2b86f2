// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "dump/guest.h"

namespace vmcore {

/// What a reader of one format found in a file.
struct Contents {
    std::string format;  ///< for people: "ELF64", "kdump-compressed version 6"
    uint16_t machine = dump::kEmX86_64;
    dump::ElfClass elf_class = dump::ElfClass::k64;
    dump::Gpa phys_base;              ///< 0 where the format does not tell it
    dump::GuestPhysBlockList blocks;  ///< what the file has the bytes of
    std::vector<std::byte> notes;     ///< payload of PT_NOTE
    std::vector<std::string>
        warnings;  ///< what is wrong, but not so wrong that it could not be read
};

/// Page frames of every x86 guest are of this size, bytes. [SDM 3A 4.1]
inline constexpr uint32_t kPageSize = 4096;

/// Guest-physical addresses end here: MAXPHYADDR is at most 52. What claims more is not believed,
/// because bitmaps are sized by the highest address. [SDM 3A 4.1.4]
inline constexpr uint64_t kMaxPhysicalAddress = uint64_t{1} << 52;

/// Notes beyond this are not believed: 4096 vCPUs and the largest guest note need a fifth of it.
inline constexpr uint64_t kMaxNotes = uint64_t{32} << 20;

}  // namespace vmcore
