// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vm/machine.h"

namespace guestdump::vm {

/// A frozen machine from the vmcore at @path: memory, registers of every vCPU, guest note. With
/// @load_all memory is copied into this process, and the file may go; else it is read from the file
/// as it is asked for.
///
/// Errors: those of vmcore::Vmcore::open(); what is to be copied cannot be read or held.
Result<MachineParts> restore_machine(const std::string& path, bool load_all);

}  // namespace guestdump::vm
