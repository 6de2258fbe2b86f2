// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <span>
#include <string>

#include "guest/guest.h"
#include "linux/vmcoreinfo.h"
#include "util/result.h"
#include "util/stored.h"

namespace guestdump::linux_guest {

/// Bytes of kernel memory that are contiguous in physical memory too.
struct KernelMapping {
    guest::Gpa phys;
    uint64_t length = 0;  ///< bytes, at least 1; not beyond the end of the page that is mapped
};

/// The address space of a guest's 64-bit Linux kernel: its page tables, and the memory that they
/// map. Does not interpret the contents. Immutable; any thread. Use a KernelReader to read.
///
/// The guest wrote the tables, so an address may be mapped to anything, but each walk reads at most
/// 5 entries.
class KernelMemory {
  public:
    /// Finds the kernel's page tables. First tries those that VMCOREINFO names: init_top_pgt,
    /// before Linux 4.13 init_level4_pgt, or swapper_pg_dir. Then tries those of the vCPUs, whose
    /// upper half is the kernel's. A vCPU in user mode may use a table that lacks most of the
    /// kernel (page table isolation); the kernel's table is then the page before it. [linux
    /// arch/x86/mm/pti.c] Tables are accepted if they map _stext onto memory, and to the address
    /// given by phys_base. Kernels before Linux 4.10 do not export the value of phys_base: it is
    /// then derived as phys_base_of() does.
    ///
    /// @memory must outlive the result. Errors: the guest is not x86-64; no vCPU has page tables;
    /// memory is encrypted; VMCOREINFO has no _stext; no tables map _stext.
    static Result<KernelMemory> find(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                                     std::span<const guest::Cpu> cpus,
                                     const guest::PageSource& memory);

    const guest::PageSource& memory() const { return *memory_; }
    const guest::PageTables& tables() const { return tables_; }
    /// Physical address of the kernel's image minus its offset from kKernelMap64, modulo 2^64. From
    /// VMCOREINFO, or if it lacks that, from the address that the tables map _stext to.
    guest::Gpa phys_base() const { return phys_base_; }

    /// Walks the tables for one address.
    guest::PageWalk walk(guest::Gva address) const {
        return architecture_->walk(tables_, address, *memory_);
    }

  private:
    KernelMemory(const guest::Architecture& architecture, const guest::PageSource& memory)
        : architecture_(&architecture), memory_(&memory) {}

    friend class KernelTableSearch;

    const guest::Architecture* architecture_;
    const guest::PageSource* memory_;
    guest::PageTables tables_;
    guest::Gpa phys_base_;
};

/// Reads the memory of a guest's kernel by virtual addresses. Remembers the last translations, so
/// that many small reads are cheap. Used by one thread at a time; cheap to construct.
///
/// Errors of all functions: an address is not mapped, or the memory there cannot be read; the
/// message has the address.
class KernelReader {
  public:
    /// @kernel must outlive this.
    explicit KernelReader(const KernelMemory& kernel) : kernel_(&kernel) {}

    const KernelMemory& kernel() const { return *kernel_; }

    /// The physical address of @address. Empty if @address is not mapped. The result may lie
    /// outside of memory.
    std::optional<KernelMapping> translate(guest::Gva address);

    /// Reads @out.size() bytes at @from, which may cross pages. After an error the contents of @out
    /// are unspecified.
    Result<> read(guest::Gva from, std::span<std::byte> out);

    /// Reads bytes at @from until @out is full or a byte cannot be read. Returns their number.
    size_t read_some(guest::Gva from, std::span<std::byte> out);

    /// Reads the little-endian integer at @from.
    template <std::unsigned_integral T>
    Result<T> value(guest::Gva from) {
        util::Stored<T, std::endian::little> stored;
        TRY(read(from, std::as_writable_bytes(std::span(&stored, 1))));
        return T{stored};
    }

    /// Reads the pointer at @from.
    Result<guest::Gva> pointer(guest::Gva from) {
        const uint64_t value_there = TRY(value<uint64_t>(from));
        return guest::Gva{value_there};
    }

    /// Reads the bytes at @from up to a NUL, and no more than @limit; a longer text is cut off. The
    /// bytes may not be printable.
    Result<std::string> text(guest::Gva from, size_t limit);

  private:
    Result<size_t> read_piece(guest::Gva from, std::span<std::byte> out);

    /// A remembered translation: memory that one page table entry maps.
    struct Known {
        uint64_t first = 0, length = 0;
        uint64_t phys = 0;
    };
    static constexpr size_t kKnown = 64;

    Known& place_of(uint64_t address, unsigned shift) {
        return known_[(address >> shift) % kKnown + (shift == 12 ? 0 : kKnown)];
    }

    const KernelMemory* kernel_;
    std::array<Known, 2 * kKnown> known_{};  ///< first half: by 4 KiB, second half: by 2 MiB
};

}  // namespace guestdump::linux_guest
