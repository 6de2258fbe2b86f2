// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

/// Class and machine of an ELF file.

namespace guestdump::format {

enum class ElfClass : uint8_t { k32 = 1, k64 = 2 };  ///< values of e_ident[EI_CLASS] [gabi ch4]

inline constexpr uint16_t kEm386 = 3;      ///< e_machine [gabi ch4]
inline constexpr uint16_t kEmX86_64 = 62;  ///< e_machine [gabi ch4]

}  // namespace guestdump::format
