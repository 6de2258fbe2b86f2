// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "linux/virtual_memory.h"

namespace guestdump::linux_guest {

/// Calls @visit with the address of each list_head of the ring at @head, without @head itself,
/// until it returns an Error.
///
/// Errors: that of @visit; those of reading; the list has a cycle that does not contain @head; it
/// has more than @most elements. The elements that were visited before an error are in the list.
Result<> walk_list(const VirtualMemory& memory, guest::Gva head, uint64_t most,
                   const std::function<Result<>(guest::Gva)>& visit);

}  // namespace guestdump::linux_guest
