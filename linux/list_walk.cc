// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/list_walk.h"

#include <cinttypes>

namespace guestdump::linux_guest {

Result<> walk_list(const VirtualMemory& memory, guest::Gva head, uint64_t most,
                   const std::function<Result<>(guest::Gva)>& visit) {
    // Brent's algorithm finds cycles without using memory: the element at each power of two is
    // compared with all that follow it. `prev` cannot be used to check the list, because a CPU that
    // was stopped while it changed the list leaves `prev` outdated.
    guest::Gva marked = head;
    uint64_t next_mark = 1;
    guest::Gva at = TRY(read_pointer(memory, head));
    for (uint64_t count = 1; at != head; ++count) {
        if (count > most) {
            return Error::make("the list at 0x%" PRIx64 " has more than %" PRIu64 " elements",
                               head.value, most);
        }
        if (at == marked) {
            return Error::make("the list at 0x%" PRIx64 " goes around from 0x%" PRIx64
                               " and does not come back",
                               head.value, at.value);
        }
        TRY(visit(at));
        if (count == next_mark) {
            marked = at;
            next_mark *= 2;
        }
        at = TRY(read_pointer(memory, at));
    }
    return {};
}

}  // namespace guestdump::linux_guest
