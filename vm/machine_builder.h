// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "vm/machine.h"
#include "vm/memory/ram_objects.h"
#include "vm/options/options.h"

namespace guestdump::vm {

/// The machine that @options ask for, not yet made.
///
/// Errors: options that contradict each other, files that cannot be read, memory or an accelerator
/// that the host does not give; each names the option.
Result<MachineParts> build_machine(const Options& options);

/// The memory backends of @options; those that the machine does not use are made.
///
/// Errors: those of Ram::create(), for one that the machine does not use.
Result<RamObjects> make_ram_objects(const Options& options);

}  // namespace guestdump::vm
