// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "format/elf.h"
#include "guest/memory_map.h"
#include "guest/note_builder.h"
#include "guest/page_source.h"
#include "util/cancellation.h"

/// What differs between architectures: a table of functions over register values. Formats call the
/// table; they know no register by name.
///
/// To add an architecture:
///  1. Add a folder beside target-i386/, and put it beside target-i386 in the order of
///  tests/check_layers.py.
///  2. Derive its register values from RegisterValues: plain data, no behaviour.
///  3. Fill in one constant Architecture. A function that the architecture has no use for is null.
///  4. Give its page size, e_machine and uname word in ArchDumpInfo (Guest::arch_info()).
///  5. Test the notes by literal offsets, and with a reader that knows the architecture.
///
/// To add a kind of note about a vCPU:
///  1. Add a function for it to Architecture, with its format's name, size and source.
///  2. Write it in each architecture that has such a note; null elsewhere.
///  3. Call it in dump/cpu_notes.cc, at the place in the order that readers expect.
///  4. Teach vmcore/ to read it, and `compare` and `verify` what it repeats.

namespace guestdump::guest {

/// What the architecture decides about a dump.
struct ArchDumpInfo {
    /// e_machine; on x86 it also decides which NT_PRSTATUS is written.
    uint16_t machine = format::kEmX86_64;
    /// Class of the ELF file, and of the kdump headers.
    format::ElfClass elf_class = format::ElfClass::k64;
    uint32_t page_size = 4096;  ///< bytes, a power of two
    Gpa phys_base;              ///< a guess if there is no VMCOREINFO
    std::string_view uname_machine = "x86_64";
};

struct Architecture;

/// Register values of one vCPU. Each architecture derives its own struct; only its functions look
/// inside. Never changed once made.
struct RegisterValues {
    virtual ~RegisterValues() = default;
};

/// One vCPU's registers at one moment: a value that may be copied and used by any thread.
class Cpu {
  public:
    /// @architecture must outlive this, as constants do, and know the type of @registers.
    Cpu(const Architecture& architecture, std::shared_ptr<const RegisterValues> registers)
        : architecture_(&architecture), registers_(std::move(registers)) {}

    const Architecture& architecture() const { return *architecture_; }
    const RegisterValues& registers() const { return *registers_; }

    /// Architecture::translate(); empty if the architecture cannot.
    std::optional<Gpa> translate(Gva address, const PageSource& memory,
                                 std::optional<Gpa> root = std::nullopt) const;
    /// Architecture::first_handler(); empty if the architecture cannot.
    std::optional<Gva> first_handler(const PageSource& memory) const;
    /// Architecture::paging_is_off(); false if the architecture cannot tell.
    bool paging_is_off() const;

    /// The NT_PRSTATUS descriptor of a file that has no other note about this vCPU: it goes into
    /// another dump as it is, with the process that ran. Empty: the note is made from registers().
    const std::vector<std::byte>& recorded_prstatus() const { return recorded_prstatus_; }
    void set_recorded_prstatus(std::vector<std::byte> descriptor) {
        recorded_prstatus_ = std::move(descriptor);
    }

  private:
    const Architecture* architecture_;
    std::shared_ptr<const RegisterValues> registers_;
    std::vector<std::byte> recorded_prstatus_;
};

/// All functions: any thread. A Cpu that they get has this architecture's registers.
struct Architecture {
    std::string_view name;

    /// Adds the NT_PRSTATUS note, in the flavour of @info.machine. @index is the vCPU's number,
    /// from 0.
    void (*append_prstatus)(const Cpu& cpu, const ArchDumpInfo& info, uint32_t index,
                            NoteBuilder& out) = nullptr;

    /// Adds the "QEMU" note: control, segment and table registers. [qemu target/i386/arch_dump.c]
    void (*append_qemu_note)(const Cpu& cpu, NoteBuilder& out) = nullptr;

    /// Adds the "VBCPU" note of VirtualBox cores. [vbox DBGFCoreWrite.cpp]
    void (*append_vbox_note)(const Cpu& cpu, NoteBuilder& out) = nullptr;

    /// True if @descriptor, of an NT_PRSTATUS, has the size that @info.machine's has.
    bool (*is_prstatus_of)(std::span<const std::byte> descriptor,
                           const ArchDumpInfo& info) = nullptr;

    /// Walks the page tables of all @cpus and adds what they map onto memory. Returns the number of
    /// address spaces walked: equal ones are walked once, vCPUs without paging have none. The list
    /// is sorted if there was one address space; after several it must be normalised.
    ///
    /// Errors: those of the list; a table that cannot be read; bounds on the work; cancellation.
    Result<size_t> (*append_mappings)(std::span<const Cpu> cpus, const PageSource& memory,
                                      const util::Cancellation& cancellation,
                                      MemoryMappingList& out) = nullptr;

    /// Where the vCPU's page tables map @address. @root: the top table to begin with, instead of
    /// the vCPU's own. Empty if paging is off, the address is not mapped, or a table lies outside
    /// memory.
    std::optional<Gpa> (*translate)(const Cpu& cpu, Gva address, const PageSource& memory,
                                    std::optional<Gpa> root) = nullptr;

    /// True if the vCPU is known to use physical addresses: no operating system's kernel runs on it
    /// yet, or any more.
    bool (*paging_is_off)(const Cpu& cpu) = nullptr;

    /// Address of the handler of the first exception, by the vCPU's interrupt table. It lies in the
    /// kernel that runs, whatever the vCPU was doing. Empty if it cannot be read.
    std::optional<Gva> (*first_handler)(const Cpu& cpu, const PageSource& memory) = nullptr;
};

}  // namespace guestdump::guest
