// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "linux/symbols/symbol_table.h"
#include "linux/virtual_memory.h"
#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Addresses of the tables of the kernel's own symbols. [linux kernel/kallsyms.c]
struct KallsymsTables {
    guest::Gva names, num_syms, token_table, token_index, offsets;
    std::optional<guest::Gva> relative_base;  ///< Linux 7.0 and later do not have it
    uint64_t stext = 0;                       ///< address of _stext, to check the symbols

    /// Takes the addresses from VMCOREINFO, which has them since Linux 6.0. Errors: a line is
    /// missing, which the message names.
    static Result<KallsymsTables> of(const Vmcoreinfo& vmcoreinfo);
};

/// Limit on a kernel's symbols. Debian's kernels have 90,000; a kernel with everything built in has
/// 300,000.
inline constexpr uint32_t kMostSymbols = 1u << 21;

/// Reads the symbols of the kernel itself, without those of modules.
///
/// Names are compressed: each byte is the number of a token. The meaning of the offsets has changed
/// twice; the meaning is used that gives _stext the address it has in VMCOREINFO. Errors: those of
/// reading; there are no symbols or more than kMostSymbols; a name is too long; no meaning of the
/// offsets fits.
Result<SymbolTable> read_kallsyms(const VirtualMemory& memory, const KallsymsTables& tables);

}  // namespace guestdump::linux_guest
