// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "guest/address.h"
#include "util/mapped_array.h"
#include "util/mapped_vector.h"

namespace guestdump::linux_guest {

/// A symbol, and the offset of the requested address in it.
struct SymbolAt {
    std::string_view name;  ///< printable ASCII
    uint64_t offset = 0;    ///< offset of the address in the symbol, bytes
    uint64_t size = 0;      ///< bytes up to the next symbol; 0 if there is no next one
};

/// Names and addresses of symbols, to be found by name or by address. Names may repeat. One thread
/// until finish(); after that it is immutable, and any thread may use it.
class SymbolTable {
  public:
    /// Makes room for @count symbols. Errors of this and the next two functions: the host has no
    /// memory to give; the names have more than 4 GiB.
    Result<> reserve(size_t count);
    /// Adds a symbol. Bytes of @name that cannot be printed become '?'.
    Result<> add(uint64_t address, std::string_view name);
    /// Builds the indexes. Call it once, after the last add().
    Result<> finish();

    size_t size() const { return entries_.size(); }

    /// The address of the symbol @name; of several with this name, the first that was added.
    std::optional<guest::Gva> address_of(std::string_view name) const;

    /// The symbol with the highest address that is not above @address; of several at that address,
    /// the first that was added.
    std::optional<SymbolAt> find(guest::Gva address) const;

  private:
    struct Entry {
        uint64_t address;
        uint32_t name;  ///< offset in names_
        uint16_t length;
    };

    std::string_view name_of(const Entry& entry) const {
        return {names_.begin() + entry.name, entry.length};
    }
    Result<> index_names();

    util::MappedVector<Entry> entries_;
    util::MappedVector<char> names_;
    util::MappedArray<uint32_t> sorted_;   ///< entries by address
    util::MappedArray<uint32_t> by_name_;  ///< hash table of entries, plus 1; 0 is free
};

}  // namespace guestdump::linux_guest
