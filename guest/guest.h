// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/elf.h"
#include "guest/memory_map.h"
#include "guest/note_builder.h"
#include "guest/utsname.h"
#include "util/result.h"

/// The port: all that a dump asks of a machine. Another virtual machine monitor implements these
/// two classes (and RamRegion for its memory) and links; vm/ and vmcore/ do so here.

namespace guestdump::guest {

using format::ElfClass;
using format::kEm386;
using format::kEmX86_64;

/// What the architecture decides about a dump.
struct ArchDumpInfo {
    uint16_t machine = kEmX86_64;        ///< e_machine; on x86 also says which PRSTATUS is written
    ElfClass elf_class = ElfClass::k64;  ///< of the ELF file, and of the kdump headers
    uint32_t page_size = 4096;           ///< bytes, a power of two
    Gpa phys_base;                       ///< guess where there is no VMCOREINFO
    std::string_view uname_machine = "x86_64";
};

/// What tells two address spaces apart: vCPUs with equal roots are walked once.
struct PagingRoot {
    uint64_t table = 0;  ///< guest-physical address of the top table
    uint64_t mode = 0;   ///< whatever else changes how the tables are read
    auto operator<=>(const PagingRoot&) const = default;
};

/// A vCPU's registers, frozen. Main loop while the guest is paused.
class Cpu {
  public:
    virtual ~Cpu() = default;

    /// Empty while paging is off.
    virtual std::optional<PagingRoot> paging_root() const = 0;

    /// Walks the page tables of this vCPU. Adds nothing where paging is off. Errors: those of the
    /// list; a table that cannot be read.
    virtual Result<> append_mappings(const GuestPhysBlockList& memory,
                                     MemoryMappingList& out) const = 0;

    /// Adds the NT_PRSTATUS note, in the flavour of arch.machine. @index is the vCPU's number, from
    /// 0.
    virtual void append_prstatus(const ArchDumpInfo& arch, uint32_t index,
                                 NoteBuilder& out) const = 0;

    /// Adds the "QEMU" note.
    virtual void append_qemu_note(NoteBuilder& out) const = 0;

    /// Adds the "VBCPU" note of VirtualBox cores.
    virtual void append_vbox_note(NoteBuilder& out) const = 0;

    /// Where the vCPU's page tables, or those whose top table is at @root, map @address. Empty
    /// while paging is off, where nothing is mapped, and where tables lie outside @memory.
    virtual std::optional<Gpa> translate(Gva /*address*/, const GuestPhysBlockList& /*memory*/,
                                         std::optional<Gpa> /*root*/ = std::nullopt) const {
        return std::nullopt;
    }

    /// True where the vCPU is known to use physical addresses: no operating system's kernel runs
    /// on it yet, or any more.
    virtual bool paging_is_off() const { return false; }

    /// Address of the handler of the first exception, by the vCPU's interrupt table: it lies in the
    /// kernel that runs, whatever else the vCPU was doing. Empty where it cannot be read.
    virtual std::optional<Gva> first_handler(const GuestPhysBlockList& /*memory*/) const {
        return std::nullopt;
    }
};

/// A note that the guest handed over (VMCOREINFO): whole, with header, not yet looked at.
using GuestNote = std::vector<std::byte>;

/// Largest guest note that is looked at, bytes; QEMU's bound as well. [qemu include/sysemu/dump.h]
inline constexpr uint32_t kMaxGuestNote = 1u << 20;

/// A machine. All functions: main loop. What blocks() and cpus() return is a snapshot of its own
/// and may be used by any thread.
class Guest {
  public:
    virtual ~Guest() = default;

    /// True while vCPUs may run.
    virtual bool running() const = 0;

    /// Stops every vCPU and synchronises its registers. A guest that does not run is only
    /// synchronised. On an error some may stand still: resume() is called then too.
    virtual Result<> pause() = 0;

    /// Ends what pause() began, and is called once for each pause(). vCPUs that ran then run on,
    /// unless the guest has been stopped for another reason since.
    virtual void resume() = 0;

    /// RAM and ROM that belong into a dump; no device memory, nothing non-volatile.
    virtual GuestPhysBlockList blocks() const = 0;

    /// The registers of every vCPU, as of the last pause().
    virtual std::vector<const Cpu*> cpus() const = 0;

    /// Errors: there is no vCPU to ask, or the architecture is unknown.
    virtual Result<ArchDumpInfo> arch_info(const GuestPhysBlockList& blocks) const = 0;

    /// Empty where the guest gave none.
    virtual std::optional<GuestNote> guest_note() const = 0;

    /// What uname(2) said in the guest, by the file that it comes from. Not checked.
    virtual std::optional<Utsname> recorded_utsname() const { return std::nullopt; }
};

}  // namespace guestdump::guest
