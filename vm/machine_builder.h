// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "vm/machine.h"
#include "vm/options.h"

namespace vm {

/// The machine that @options ask for, not yet made.
///
/// Errors: options that contradict each other, files that cannot be read, memory or an accelerator
/// that the host does not give; each names the option.
Result<MachineParts> build_machine(const Options& options);

}  // namespace vm
