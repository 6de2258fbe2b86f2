// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace dump {

/// An ELF vmcore, of the class and machine that the snapshot says. Both arguments as for
/// make_writer().
Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot,
                                                      const ElfRequest& request);

}  // namespace dump
