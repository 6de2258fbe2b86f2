// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/bytes.h"

namespace guestdump::linux_guest {

/// A member of a struct that a test describes.
struct WrittenMember {
    std::string name;  ///< empty for an unnamed struct
    uint32_t type = 0;
    uint32_t bit = 0;   ///< offset, bits
    uint32_t bits = 0;  ///< size of a bit-field, bits; 0 for other members
};

/// Writes BTF by literal offsets. The functions that add a type return its number.
class BtfWriter {
  public:
    uint32_t integer(std::string_view name, uint32_t size);
    uint32_t pointer(uint32_t type) { return add("", 2, 0, false, type); }
    uint32_t array(uint32_t type, uint32_t count);
    uint32_t structure(std::string_view name, uint32_t size,
                       const std::vector<WrittenMember>& members, bool is_union = false);
    uint32_t enumeration(std::string_view name,
                         const std::vector<std::pair<std::string, uint32_t>>& constants);
    uint32_t type_definition(std::string_view name, uint32_t type) {
        return add(name, 8, 0, false, type);
    }
    /// Adds a type of any kind, given by the values of its words.
    uint32_t add(std::string_view name, uint32_t kind, uint32_t count, bool flag, uint32_t number);

    support::Bytes bytes() const;

  private:
    uint32_t text(std::string_view name);
    void word(uint32_t value) { support::put_le32(types_, types_.size(), value); }

    support::Bytes types_, strings_{std::byte{0}};
    uint32_t count_ = 0;
};

}  // namespace guestdump::linux_guest
