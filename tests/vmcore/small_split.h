// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

/// The file of a split set that holds page frames [start, end) of @kdump. @roomy: pages follow room
/// for the descriptors of all pages, as makedumpfile writes; else only those of this file.
Bytes split_part(const SmallKdump& kdump, uint64_t start, uint64_t end, bool roomy);

}  // namespace guestdump::vmcore
