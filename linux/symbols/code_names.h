// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>

#include "linux/symbols/modules.h"
#include "linux/symbols/symbol_table.h"

namespace guestdump::linux_guest {

/// A place in the kernel's code by function and offset. All text is printable.
struct CodeName {
    std::string function;
    uint64_t offset = 0, size = 0;  ///< offset in the function and the function's size, bytes
    std::string module;             ///< empty for the kernel itself

    /// "schedule+0x5a/0xe0 [module]", as in an oops.
    std::string text() const;
};

/// Finds the names of places in code. The symbols of a module are read when they are first needed.
/// One thread.
class CodeNames {
  public:
    /// All arguments must outlive this. @modules may be null.
    CodeNames(const VirtualMemory& memory, const SymbolTable& symbols, const ModuleList* modules);

    /// True if @address lies in the code of the kernel or of a module.
    bool is_code(guest::Gva address) const;

    /// The name of the place @address. Empty if no symbol is known for it. Set @behind_call if
    /// @address is a return address: then the function of the call before it is found, because the
    /// return address of a call at a function's end lies in the next function.
    std::optional<CodeName> find(guest::Gva address, bool behind_call) const;

    /// True if @address is in the scheduler, whose functions are innermost in the stack of every
    /// waiting task. [linux kernel/sched/core.c, in_sched_functions()]
    bool is_scheduler(guest::Gva address) const;

  private:
    struct Range {
        uint64_t begin = 0, end = 0;
        bool contains(guest::Gva address) const {
            return address.value >= begin && address.value < end;
        }
    };

    Range between(const char* first, const char* last) const;
    const SymbolTable* symbols_of(const Module& module) const;

    const VirtualMemory& memory_;
    const SymbolTable& symbols_;
    const ModuleList* modules_;
    Range text_, init_text_, scheduler_;
    mutable std::map<const Module*, std::optional<SymbolTable>> module_symbols_;
};

}  // namespace guestdump::linux_guest
