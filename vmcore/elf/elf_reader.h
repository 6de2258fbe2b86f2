// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// True where @source begins as an ELF file does.
bool is_elf(const ByteSource& source);

/// Reads an ELF vmcore: ours, QEMU's (whose program headers need not follow the file header, and
/// whose e_ehsize is wrong), kexec's.
///
/// Physical memory is what PT_LOADs have in the file, by p_paddr. With paging=true several map the
/// same memory and one may be cut at a block's end; their union is the guest's memory again. Where
/// two disagree about which bytes of the file a piece of memory is, the one that starts lower
/// counts; if both start at one address, the one whose program header comes first in the file.
///
/// Memory that PT_LOADs have in memory but not in the file (p_memsz beyond p_filesz) was left out.
/// [makedumpfile -E]
///
/// A PT_LOAD without a physical address (p_paddr -1), or with one that no x86 has, is skipped with
/// a warning. One whose p_filesz is more than its p_memsz is taken whole, with a warning.
///
/// Errors: not a little-endian x86 core file; headers, notes or memory that lead outside of the
/// file; more of them than anyone would write.
Result<Contents> read_elf(const std::shared_ptr<const ByteSource>& source,
                          OpenOptions options = {});

}  // namespace guestdump::vmcore
