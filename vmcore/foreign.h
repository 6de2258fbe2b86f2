// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// One line on a file that no reader here takes: what it is, if its first bytes show it, and the
/// command that helps. Any thread.
///
/// Reads a few bytes near the start only.
Error foreign_file_error(const ByteSource& source);

/// As foreign_file_error(), for an ELF core file without memory in program headers: a Xen core has
/// it in sections. Any other is "'F' holds no guest memory".
Error empty_elf_error(const ByteSource& source);

/// @advice with FILE replaced by @path, unless a shell would take characters of @path for its own.
std::string advice_for(std::string advice, const std::string& path);

}  // namespace guestdump::vmcore
