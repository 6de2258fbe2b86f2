// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// An ELF vmcore, of the class and machine that the snapshot says. Both arguments as for
/// make_writer().
Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot,
                                                      const ElfRequest& request);

/// A VirtualBox core: an ELF file whose notes and mappings are of another kind, so that the
/// snapshot must have been taken for @request too.
Result<std::unique_ptr<VmcoreWriter>> make_vbox_writer(const Snapshot& snapshot,
                                                       const VboxRequest& request);

}  // namespace guestdump::dump
