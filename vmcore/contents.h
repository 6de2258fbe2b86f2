// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "target-i386/registers.h"
#include "vmcore/range_list.h"

namespace guestdump::vmcore {

/// What is known of a guest that was found in a core of the process that ran it.
struct PostMortemFacts {
    uint64_t address = 0;  ///< of its record, in the process
    uint64_t time = 0;     ///< of the last synchronisation, nanoseconds since 1970
    bool running = false;  ///< the vCPUs have run since
    size_t live_cpus = 0;  ///< so many registers are those of the moment of the core
};

/// Fields of an ELF file header that tell writers apart.
struct ElfShape {
    uint64_t program_headers = 0;     ///< e_phoff: where they begin, bytes
    uint64_t section_headers = 0;     ///< e_shoff: where they begin, bytes; 0 if there are none
    uint16_t stated_header_size = 0;  ///< e_ehsize, which need not be the header's true size
};

/// What a reader of one format found in a file.
struct Contents {
    std::string format;  ///< for people: "ELF64", "kdump-compressed version 6"
    uint16_t machine = format::kEmX86_64;
    format::ElfClass elf_class = format::ElfClass::k64;
    std::optional<ElfShape> elf_shape{};  ///< of an ELF file
    guest::Gpa phys_base;                 ///< 0 where the format does not tell it
    guest::GuestPhysBlockList blocks;     ///< what the file has the bytes of
    /// Guest memory that exists and was left out of the file by a filter or a range; in no block.
    /// What was in it is not known.
    RangeList left_out;
    /// Guest memory that the file should hold and does not, because it was cut off or never
    /// completed. Only of a file that was opened in part; in no block.
    RangeList missing;
    std::vector<std::byte> notes;  ///< payload of PT_NOTE
    /// Where more is known of registers than notes tell (EFER); else empty.
    std::vector<target_i386::Registers> registers;
    std::optional<PostMortemFacts> post_mortem;  ///< of a core of guestdump-vm
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

}  // namespace guestdump::vmcore
