// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "linux/types/btf.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// The ORC entry of a place in code: how to find the caller's stack pointer, frame pointer and
/// instruction pointer. [linux arch/x86/include/asm/orc_types.h]
struct OrcEntry {
    enum class Type { undefined, end_of_stack, call, regs, regs_partial };
    /// What an offset is relative to. The kernel's numbers for these have changed; see OrcNumbers.
    enum class Base {
        undefined,
        previous_sp,
        ax,
        dx,
        di,
        bp,
        sp,
        r10,
        r13,
        bp_indirect,
        sp_indirect,
        unknown,
    };

    int16_t sp_offset = 0, bp_offset = 0;  ///< bytes
    Base sp_base = Base::undefined, bp_base = Base::undefined;
    Type type = Type::undefined;
    /// The caller's instruction pointer is the next instruction to be executed, not a return
    /// address.
    bool signal = false;
};

/// How the kernel numbers OrcEntry::Base.
enum class OrcNumbers {
    since_4_14,
    since_7,  ///< of the kernels that were looked at, 6.12 has the old ones, and 7.2 these
};

/// The layout of struct orc_entry. It has changed: Linux 6.3 added `signal`, and 6.4 replaced `end`
/// by values of `type`.
class OrcLayout {
  public:
    /// Takes the layout from BTF. Errors: a member is missing; the struct does not have 6 to 16
    /// bytes.
    static Result<OrcLayout> of(const Btf& types);
    /// The layout of Linux 4.14 to 6.2, and that of Linux 6.4 and later, for kernels without BTF.
    static OrcLayout before_6_3();
    static OrcLayout since_6_4();

    uint64_t entry_size() const { return size_; }
    void set_numbers(OrcNumbers numbers) { numbers_ = numbers; }
    /// Decodes @entry, which has entry_size() bytes.
    OrcEntry decode(std::span<const std::byte> entry) const;

  private:
    /// A bit-field: the first bit and the number of bits.
    struct Bits {
        unsigned first = 0, count = 0;
    };

    static Bits bits_of(const Member& member);
    static uint64_t extract(std::span<const std::byte> entry, Bits bits);

    uint64_t size_ = 6;
    Bits sp_offset_, bp_offset_, sp_reg_, bp_reg_, type_;
    std::optional<Bits> end_, signal_;
    OrcNumbers numbers_ = OrcNumbers::since_4_14;
};

/// One ORC table in memory, the kernel's or a module's: a sorted array of places in code, each a
/// 32-bit offset from its own address, and an entry for each place.
struct OrcTable {
    guest::Gva places, entries;
    uint64_t count = 0;

    /// Finds the entry for @address, which is that of the last place at or below it. Empty if there
    /// is none. Errors: those of reading.
    Result<std::optional<OrcEntry>> find(const VirtualMemory& memory, const OrcLayout& layout,
                                         guest::Gva address) const;

    /// Recognises the layout of the entries by their types: nearly all are calls, which have number
    /// 0 before Linux 6.4 and number 2 since. Takes Linux 6.3 for an older one. Empty if less
    /// than half of the entries are one of these. Errors: those of reading.
    Result<std::optional<OrcLayout>> recognise_layout(const VirtualMemory& memory) const;

    /// Recognises the numbers by the one that most calls have for the stack pointer: 5, or 3 in
    /// newer kernels. Errors: those of reading.
    Result<OrcNumbers> recognise_numbers(const VirtualMemory& memory, OrcLayout layout) const;
};

}  // namespace guestdump::linux_guest
