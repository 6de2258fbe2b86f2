// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "linux/symbols/symbol_table.h"
#include "linux/types/btf.h"
#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Bytes of a module's code or data.
struct ModuleRange {
    guest::Gva start;
    uint64_t size = 0;
};

/// A module that is loaded in the guest's kernel.
struct Module {
    std::string name;                 ///< as the guest wrote it
    std::vector<ModuleRange> ranges;  ///< ranges of its memory
    guest::Gva symbols, strings;      ///< its symbol table: Elf64_Sym entries, and their names
    uint64_t symbol_count = 0;
    guest::Gva orc_places, orc_entries;
    uint64_t orc_count = 0;

    /// True if @address lies in one of the ranges.
    bool contains(guest::Gva address) const;
};

struct ModuleList {
    static constexpr uint64_t kMost = 4096;

    std::vector<Module> modules;
    std::string incomplete;  ///< why modules are missing, for people; empty if none are

    /// The module whose memory contains @address, or nullptr.
    const Module* find(guest::Gva address) const;
};

/// Lists the loaded modules. Errors: symbols or types are missing. After a later error the list
/// ends, and ModuleList::incomplete has the reason.
Result<ModuleList> read_modules(const VirtualMemory& memory, const SymbolTable& symbols,
                                const Btf& types);

/// Reads the symbols that a module defines. A symbol whose name cannot be read is left out. Errors:
/// the table cannot be read or is too long.
Result<SymbolTable> read_module_symbols(const VirtualMemory& memory, const Module& module);

}  // namespace guestdump::linux_guest
