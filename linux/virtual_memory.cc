// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/virtual_memory.h"

#include <algorithm>
#include <array>

namespace guestdump::linux_guest {

Result<std::string> read_string(const VirtualMemory& memory, guest::Gva from, size_t most) {
    std::string text;
    while (text.size() < most) {
        // Reads up to the next multiple of 64 only, because the next page may not be mapped.
        std::array<char, 64> room;
        const uint64_t at = from.value + text.size();
        const size_t size = std::min<size_t>(most - text.size(), room.size() - at % room.size());
        TRY(memory.read(guest::Gva{at}, std::as_writable_bytes(std::span(room).first(size))));
        const auto end = std::find(room.begin(), room.begin() + size, '\0');
        text.append(room.begin(), end);
        if (end != room.begin() + size) break;
    }
    return text;
}

}  // namespace guestdump::linux_guest
