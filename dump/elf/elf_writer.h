// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// An ELF vmcore, of the class and machine that the snapshot says, copied by @threads threads (0:
/// as Request::threads). @snapshot as for make_writer().
Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot, unsigned threads);

/// A VirtualBox core: an ELF file with other notes and mappings, so @snapshot must have been
/// prepared for a VboxRequest.
Result<std::unique_ptr<VmcoreWriter>> make_vbox_writer(const Snapshot& snapshot, unsigned threads);

}  // namespace guestdump::dump
