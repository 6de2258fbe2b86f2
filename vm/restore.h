// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vm/machine.h"

namespace vm {

/// A frozen machine from the vmcore at @path: memory, registers of every vCPU, guest note. Its
/// memory is read from the file as it is asked for.
///
/// Errors: those of vmcore::Vmcore::open().
Result<MachineParts> restore_machine(const std::string& path);

}  // namespace vm
