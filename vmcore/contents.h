// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "guest/range_list.h"
#include "target-i386/registers.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/machine.h"

namespace guestdump::vmcore {

using guest::RangeList;

/// Size of the page frames of every x86 guest, bytes. [SDM 3A 4.1]
inline constexpr uint32_t kPageSize = 4096;

/// Limits on the page size of other machines, bytes. Linux has 4 KiB to 256 KiB.
inline constexpr uint32_t kLeastPageSize = 1024, kMostPageSize = uint32_t{256} << 10;

/// Facts about a guest that was found in a core of its guestdump-vm process.
struct PostMortemFacts {
    uint64_t address = 0;  ///< of the post-mortem record, in the process
    uint64_t time = 0;     ///< of the last synchronisation, nanoseconds since 1970
    bool running = false;  ///< the vCPUs have run since then
    size_t live_cpus = 0;  ///< number of vCPUs whose registers date from the core
};

/// Facts about a migration stream of QEMU.
struct MigrationFacts {
    std::string machine_type;  ///< "pc-q35-7.2"; empty if the stream does not contain it
    bool mapped_ram = false;   ///< each page has a fixed place in the file
};

/// Fields of an ELF file header by which writers can be recognised.
struct ElfShape {
    uint64_t program_headers = 0;     ///< e_phoff, bytes
    uint64_t section_headers = 0;     ///< e_shoff, bytes; 0 if there are no section headers
    uint16_t stated_header_size = 0;  ///< e_ehsize, which may differ from the header's true size
};

/// What a note of the file says about the filter that left out pages.
struct FilterFacts {
    uint32_t level = 0;                    ///< as a dump level of kdump files
    std::vector<uint64_t> pages_by_class;  ///< as in format::FilterNote; empty if not counted
};

/// The result of reading a file, whatever its format.
struct Contents {
    std::string format;  ///< for people: "ELF64", "kdump-compressed version 6"
    Machine machine{};
    /// As a kdump file names its machine, if that is not x86; otherwise empty.
    std::string uname_machine{};
    uint32_t page_size = kPageSize;       ///< bytes, a power of two
    uint32_t elf_flags = 0;               ///< e_flags of an ELF file
    std::optional<ElfShape> elf_shape{};  ///< ELF files only
    guest::Gpa phys_base;                 ///< 0 if the format does not record it
    guest::GuestPhysBlockList blocks;     ///< memory whose bytes are in the file
    RangeList zero;  ///< the part of @blocks that has no bytes in the file and is known to be zero
    /// Guest memory that is not in the file because a filter or a range left it out; in no block.
    /// Its contents are unknown.
    RangeList left_out;
    /// The part of @left_out in a VirtualBox core that belongs to devices and is no guest memory.
    RangeList without_bytes;
    /// Set if the file says what a filter left out.
    std::optional<FilterFacts> filter;
    /// Guest memory that is missing because the file was truncated or never completed; in no block.
    /// Empty unless the file was opened with OpenOptions::partial.
    RangeList missing;
    std::vector<std::byte> notes;   ///< payload of PT_NOTE, in the machine's byte order
    bool vmcoreinfo_apart = false;  ///< VMCOREINFO of @notes is not among the file's notes
    /// Set if the file contains registers that the notes do not (EFER); otherwise empty.
    std::vector<target_i386::Registers> registers;
    std::optional<PostMortemFacts> post_mortem;  ///< set for a core of guestdump-vm
    std::optional<MigrationFacts> migration;     ///< set for a migration stream
    std::string wrapping;  ///< around it, for people: "libvirt save image, zstd"; usually empty
    std::vector<std::string> warnings;  ///< problems that did not prevent reading

    /// The notes; valid as long as this.
    NoteList note_list() const { return split_notes(notes, machine.order); }
};

/// Guest-physical addresses are below this: MAXPHYADDR of x86 is at most 52, and other machines
/// have no memory beyond it. Higher addresses are rejected, because bitmaps are sized by the
/// highest address. [SDM 3A 4.1.4]
inline constexpr uint64_t kMaxPhysicalAddress = uint64_t{1} << 52;

/// Limit on the size of the notes, bytes. 4096 vCPUs and the largest guest note need a fortieth of
/// it; the rest is for device dumps. [linux fs/proc/vmcore.c, vmcoredd]
inline constexpr uint64_t kMaxNotes = uint64_t{256} << 20;

}  // namespace guestdump::vmcore
