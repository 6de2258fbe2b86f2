// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// The note of a dump that lacks pages. ELF has no other place for a dump level; kdump files have
/// it in the sub header, and the note only if pages were counted by class.

namespace guestdump::format {

inline constexpr std::string_view kFilterNoteName = "GUESTDUMP";
inline constexpr uint32_t kFilterNoteType = 1;
inline constexpr uint32_t kFilterNoteVersion = 1;

/// The descriptor, little-endian in the files of any machine. Readers of other projects ignore the
/// note.
struct FilterNote {
    util::le32 version;     ///< kFilterNoteVersion
    util::le32 dump_level;  ///< as in a kdump sub header
    /// Pages that were left out, by linux_guest::PageClass from `free` on: free, unaccepted, cache,
    /// cache-private, user, hwpoison, offline; and zero pages. All 0: not counted.
    std::array<util::le64, 8> pages;
};
static_assert(sizeof(FilterNote) == 72);

/// p_flags of a PT_LOAD of guestdump, in the range for operating systems: all memory beyond
/// p_filesz is known to be zero. Without it, in ELF files that memory was left out. [gabi ch5,
/// PF_MASKOS]
inline constexpr uint32_t kPfZero = 0x00100000;
/// p_flags of a PT_LOAD of a VirtualBox core: the memory beyond p_filesz was left out. There,
/// memory without bytes in the file belongs to devices otherwise. [gabi ch5, PF_MASKOS]
inline constexpr uint32_t kPfLeftOut = 0x00200000;

/// p_flags of every PT_LOAD of a machine other than x86: binary logarithm of the page size, shifted
/// by kPfPageShiftAt. ELF has no other place for it. 0: not recorded. [gabi ch5, PF_MASKOS]
inline constexpr uint32_t kPfPageShiftMask = 0x0f800000;
inline constexpr unsigned kPfPageShiftAt = 23;

}  // namespace guestdump::format
