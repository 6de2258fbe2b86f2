// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/elf_machine.h"
#include "guest/execution.h"
#include "guest/memory_map.h"
#include "guest/note_builder.h"
#include "guest/page_source.h"
#include "util/cancellation.h"

/// The differences between architectures: a table of functions on register values. Writers of
/// formats call these functions and do not refer to any register by name.
///
/// To add an architecture:
///  1. Add a folder next to target-i386/, and list it next to target-i386 in
///  tests/check_layers.py.
///  2. Derive its register values from RegisterValues: plain data, no behaviour.
///  3. Define one constant of type Architecture. Functions that the architecture does not need are
///     null.
///  4. Give its page size, e_machine and uname word in ArchDumpInfo (Guest::arch_info()).
///  5. Test the notes by literal offsets, and with a tool that reads vmcores of the architecture.
///
/// A file of an architecture without such a folder can be converted nevertheless: its registers
/// stay in notes that nobody interprets (Guest::recorded_notes()), and ArchDumpInfo has the rest.
///
/// To add a kind of note about a vCPU:
///  1. Add a function for it to Architecture, with its format's name, size and source.
///  2. Write it in each architecture that has such a note; null elsewhere.
///  3. Call it in dump/cpu_notes.cc, at the place in the order that readers expect.
///  4. Extend vmcore/ to read it, and `compare` and `verify` to check registers that other notes
///     also contain.

namespace guestdump::guest {

/// The properties of a dump that the architecture decides.
struct ArchDumpInfo {
    /// e_machine; on x86 it also decides which NT_PRSTATUS is written.
    uint16_t machine = format::kEmX86_64;
    /// Class of the ELF file, and of the kdump headers.
    format::ElfClass elf_class = format::ElfClass::k64;
    uint32_t page_size = 4096;  ///< bytes, a power of two
    Gpa phys_base;              ///< a guess if there is no VMCOREINFO
    std::string uname_machine = "x86_64";
    std::endian byte_order = std::endian::little;  ///< of headers and notes
    uint32_t elf_flags = 0;                        ///< e_flags of ELF files

    /// True if registers, page tables and kernels of the machine can be read.
    bool is_x86() const { return machine == format::kEmX86_64 || machine == format::kEm386; }
};

struct Architecture;
class MemoryMappingList;

/// Page tables, and how they are read. A plain value: a kernel may describe its own, other than
/// those of any vCPU.
struct PageTables {
    Gpa root;                      ///< the top table
    uint8_t levels = 4;            ///< from the top table to the last one
    uint64_t encryption_bits = 0;  ///< bits of an entry that are no part of its address
};

/// Where page tables map one address.
struct PageWalk {
    static constexpr size_t kMostTables = 5;

    std::optional<Gpa> phys;  ///< empty: not mapped
    /// Bytes that the last entry stands for, a power of two: it maps all or none of the aligned
    /// piece of this size that the address lies in. That of the smallest page if the tables have no
    /// place for the address.
    uint64_t size = 4096;
    std::array<Gpa, kMostTables> tables{};  ///< those that were read, from the top
    size_t table_count = 0;
};

/// What a vCPU's registers lead to in a kernel's memory: a kernel cannot be understood without it.
struct KernelPointers {
    /// Instruction and stack pointer, if the vCPU was in kernel mode.
    std::optional<Gva> instruction, stack;
    /// Tops of the stacks that the vCPU changes to when it enters the kernel.
    std::vector<Gva> entry_stacks;
    /// Descriptor tables, task state, per-CPU memory.
    std::vector<Gva> structures;
};

/// Register values of one vCPU. Each architecture derives its own struct, and only its functions
/// read the values. Immutable.
struct RegisterValues {
    virtual ~RegisterValues() = default;
};

/// One vCPU's registers at one moment: a value that may be copied and used by any thread.
class Cpu {
  public:
    /// @architecture must outlive this, and @registers must be of its type.
    Cpu(const Architecture& architecture, std::shared_ptr<const RegisterValues> registers)
        : architecture_(&architecture), registers_(std::move(registers)) {}

    const Architecture& architecture() const { return *architecture_; }
    const RegisterValues& registers() const { return *registers_; }

    /// Architecture::translate(); empty if that is null.
    std::optional<Gpa> translate(Gva address, const PageSource& memory,
                                 std::optional<Gpa> root = std::nullopt) const;
    /// Architecture::first_handler(); empty if that is null.
    std::optional<Gva> first_handler(const PageSource& memory) const;
    /// Architecture::paging_is_off(); false if that is null.
    bool paging_is_off() const;
    /// Architecture::page_tables(); empty if the architecture cannot.
    std::optional<PageTables> page_tables() const;
    /// Architecture::kernel_pointers(); nothing if the architecture cannot.
    KernelPointers kernel_pointers(const PageTables& tables, const PageSource& memory) const;
    /// Architecture::execution(); empty if the architecture cannot.
    std::optional<Execution> execution() const;

    /// The NT_PRSTATUS descriptor, if the vCPU was read from a file that has no other note about
    /// it. It is copied to a new dump unchanged, including the process ID. If it is empty, the note
    /// is made from registers().
    const std::vector<std::byte>& recorded_prstatus() const { return recorded_prstatus_; }
    void set_recorded_prstatus(std::vector<std::byte> descriptor) {
        recorded_prstatus_ = std::move(descriptor);
    }

  private:
    const Architecture* architecture_;
    std::shared_ptr<const RegisterValues> registers_;
    std::vector<std::byte> recorded_prstatus_;
};

/// All functions: any thread. The registers of each Cpu argument are this architecture's.
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

    /// True if @descriptor, of an NT_PRSTATUS, has the size that @info.machine requires.
    bool (*is_prstatus_of)(std::span<const std::byte> descriptor,
                           const ArchDumpInfo& info) = nullptr;

    /// Walks the page tables of all @cpus and adds their mappings onto memory. Returns the number
    /// of address spaces walked: equal ones are walked once, and vCPUs without paging have none.
    /// After one address space the list is sorted; after several it must be normalised.
    ///
    /// Errors: those of the list; a table that cannot be read; a limit on the work is exceeded;
    /// cancellation.
    Result<size_t> (*append_mappings)(std::span<const Cpu> cpus, const PageSource& memory,
                                      const util::Cancellation& cancellation,
                                      MemoryMappingList& out) = nullptr;

    /// Translates @address by the vCPU's page tables. @root: the top table to use instead of the
    /// vCPU's own. Empty if paging is off, the address is not mapped, or a table lies outside
    /// memory.
    std::optional<Gpa> (*translate)(const Cpu& cpu, Gva address, const PageSource& memory,
                                    std::optional<Gpa> root) = nullptr;

    /// True if the vCPU is known to use physical addresses, so that no operating system's kernel
    /// runs on it.
    bool (*paging_is_off)(const Cpu& cpu) = nullptr;

    /// Address of the first exception's handler, from the vCPU's interrupt table. It lies in the
    /// running kernel, whatever the vCPU was doing. Empty if it cannot be read.
    std::optional<Gva> (*first_handler)(const Cpu& cpu, const PageSource& memory) = nullptr;

    /// The tables that the vCPU uses. Empty if paging is off.
    std::optional<PageTables> (*page_tables)(const Cpu& cpu) = nullptr;

    /// Walks @tables for one address, as a processor does: one entry of each level is read. A table
    /// outside @memory, or a number of levels that the architecture does not have, maps nothing.
    PageWalk (*walk)(const PageTables& tables, Gva address, const PageSource& memory) = nullptr;

    /// What the vCPU's registers lead to, by the kernel's @tables.
    KernelPointers (*kernel_pointers)(const Cpu& cpu, const PageTables& tables,
                                      const PageSource& memory) = nullptr;

    /// What the vCPU was executing. Empty if it was not in 64-bit mode, or its registers are not
    /// known.
    std::optional<Execution> (*execution)(const Cpu& cpu) = nullptr;
};

}  // namespace guestdump::guest
