// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/byte_source.h"

#include <cinttypes>

namespace guestdump::vmcore {

Result<> check_inside(const ByteSource& source, const char* what, uint64_t offset, uint64_t size) {
    if (offset <= source.size() && size <= source.size() - offset) return {};
    return Error::make("'%s': %s of %" PRIu64 " bytes at offset %" PRIu64
                       " ends beyond the file, which has %" PRIu64 " bytes",
                       source.name().c_str(), what, size, offset, source.size());
}

}  // namespace guestdump::vmcore
