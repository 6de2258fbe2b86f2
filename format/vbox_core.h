// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/stored.h"

/// What makes an ELF file a VirtualBox core: notes, and constants. [vbox dbgfcorefmt]

namespace guestdump::format {

inline constexpr uint32_t kNtVboxCore = 0xb00;  ///< n_type of "VBCORE", which comes first
inline constexpr uint32_t kVboxMagic = 0xc01ac0de;
inline constexpr uint32_t kVboxFormat = 0x00010006;  ///< what is written
inline constexpr uint32_t kPfRead = 4;               ///< p_flags PF_R [gabi ch5]

/// The descriptor of "VBCORE".
struct VboxCoreDescriptor {
    util::le32 magic = kVboxMagic;
    util::le32 format = kVboxFormat;
    util::le32 size = uint32_t{24};  ///< of this structure
    util::le32 vbox_version;         ///< of the program; 0 in what was not written by it
    util::le32 vbox_revision;
    util::le32 cpu_count;  ///< so many "VBCPU" notes follow
};
static_assert(sizeof(VboxCoreDescriptor) == 24);

}  // namespace guestdump::format
