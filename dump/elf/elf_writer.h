// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// Makes the writer of an ELF vmcore, with the class and machine in @snapshot and with @threads
/// threads, as in Request::threads. @snapshot must outlive it.
Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot, unsigned threads);

/// Makes the writer of a VirtualBox core: an ELF file with other notes and mappings. @snapshot must
/// have been prepared for a VboxRequest.
Result<std::unique_ptr<VmcoreWriter>> make_vbox_writer(const Snapshot& snapshot, unsigned threads);

}  // namespace guestdump::dump
