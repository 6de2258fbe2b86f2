// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "util/stored.h"

/// The note and the constants that make an ELF file a VirtualBox core. [vbox dbgfcorefmt]

namespace guestdump::format {

inline constexpr uint32_t kNtVboxCore = 0xb00;  ///< n_type of "VBCORE", which comes first
inline constexpr uint32_t kVboxMagic = 0xc01ac0de;
inline constexpr uint32_t kVboxFormat = 0x00010006;  ///< the version written here
inline constexpr uint32_t kPfRead = 4;               ///< p_flags PF_R [gabi ch5]

/// The descriptor of "VBCORE".
struct VboxCoreDescriptor {
    util::le32 magic = kVboxMagic;
    util::le32 format = kVboxFormat;
    util::le32 size = uint32_t{24};  ///< of this structure
    util::le32 vbox_version;         ///< of the program; 0 if another program wrote the file
    util::le32 vbox_revision;
    util::le32 cpu_count;  ///< number of "VBCPU" notes that follow
};
static_assert(sizeof(VboxCoreDescriptor) == 24);

}  // namespace guestdump::format
