// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/crc32.h"

#include <zlib.h>

namespace guestdump::util {

uint32_t crc32(std::initializer_list<std::span<const std::byte>> parts) {
    uLong sum = 0;
    for (const std::span<const std::byte> part : parts) {
        // zlib takes a null pointer as the request for an initial value, not as an empty part.
        if (part.empty()) continue;
        sum = ::crc32_z(sum, reinterpret_cast<const Bytef*>(part.data()), part.size());
    }
    return static_cast<uint32_t>(sum);
}

}  // namespace guestdump::util
