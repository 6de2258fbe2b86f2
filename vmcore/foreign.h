// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Returns the error for a file that no reader accepts: what kind of file it is, if its first bytes
/// show that, and the command that helps. Any thread.
///
/// Reads only a few bytes near the start.
Error foreign_file_error(const ByteSource& source);

/// As foreign_file_error(), for an ELF core file without memory in its program headers. A Xen core
/// has its memory in sections. For other files the message is "'F' holds no guest memory".
Error empty_elf_error(const ByteSource& source);

/// Returns @advice with FILE replaced by @path. FILE stays if @path is "stdin" or has characters
/// that are special to a shell.
std::string advice_for(std::string advice, const std::string& path);

}  // namespace guestdump::vmcore
