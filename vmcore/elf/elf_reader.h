// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// True if @source starts like an ELF file.
bool is_elf(const ByteSource& source);

/// Reads an ELF vmcore from guestdump, from kexec, or from QEMU (whose program headers need not
/// follow the file header, and whose e_ehsize is wrong).
///
/// Guest memory is what the PT_LOADs have in the file, by p_paddr. With paging=true several
/// PT_LOADs map the same memory, and one may be cut at a block's end; their union is the guest's
/// memory. If two PT_LOADs disagree about which bytes of the file belong to an address, the one
/// with the lower start counts; if both start at the same address, the one whose program header
/// comes first in the file.
///
/// Memory that a PT_LOAD has in memory but not in the file (p_memsz beyond p_filesz) was left out.
/// [makedumpfile -E]
///
/// A PT_LOAD without a physical address (p_paddr -1), or with an address of more than 52 bits, is
/// skipped with a warning. If p_filesz is greater than p_memsz, all of p_filesz is used, with a
/// warning.
///
/// Any machine, in either byte order. The page size of machines other than x86 is that of
/// VMCOREINFO; without one, the usual page size of the machine, or 4096 if memory is not aligned to
/// it.
///
/// Errors: not a core file; x86 in a big-endian file; headers, notes or memory that lie outside the
/// file; more headers or notes than the limits allow.
Result<Contents> read_elf(const std::shared_ptr<const ByteSource>& source,
                          OpenOptions options = {});

}  // namespace guestdump::vmcore
