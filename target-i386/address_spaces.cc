// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/address_spaces.h"

#include "target-i386/page_walk.h"

namespace guestdump::target_i386 {

Result<> AddressSpaces::walk(const PagingMode& mode, guest::MemoryMappingList& out) {
    if (!seen_.insert({mode.root().value, mode.identity()}).second) return {};
    return walk_pages(mode, {memory_, cancellation_, walked_}, out);
}

}  // namespace guestdump::target_i386
