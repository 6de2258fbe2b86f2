// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vm/machine.h"

namespace guestdump::vm {

/// A frozen machine made from the vmcore at @path: memory, registers of every vCPU, guest note.
/// With @load_all its memory is copied into this process and the file may be removed; otherwise
/// memory is read from the file when it is needed.
///
/// Errors: those of vmcore::Vmcore::open(); memory that cannot be read, or for which the host has
/// no memory.
Result<MachineParts> restore_machine(const std::string& path, bool load_all);

}  // namespace guestdump::vm
