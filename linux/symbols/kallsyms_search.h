// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "linux/symbols/kallsyms.h"

namespace guestdump::linux_guest {

/// Finds the tables of the kernel's symbols in its image, which begins at @stext, the address of
/// _stext. For kernels from 5.0 to 5.19, whose VMCOREINFO does not have the addresses, and which
/// lay out the tables in one order: offsets, relative_base, num_syms, names, markers, token_table,
/// token_index. [linux scripts/kallsyms.c, write_src()]
///
/// Errors: no tables that fit each other are in the image; those of reading, except that a page
/// which is not mapped is passed over.
Result<KallsymsTables> find_kallsyms(const VirtualMemory& memory, guest::Gva stext);

}  // namespace guestdump::linux_guest
