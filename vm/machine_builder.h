// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "vm/machine.h"
#include "vm/memory/ram_objects.h"
#include "vm/options/options.h"

namespace guestdump::vm {

/// Makes the parts of the machine that @options describe.
///
/// Errors: options that contradict each other; files that cannot be read; memory or an accelerator
/// that the host does not provide. Each names the option.
Result<MachineParts> build_machine(const Options& options);

/// The memory backends in @options. Those that the machine does not use are created here.
///
/// Errors: those of Ram::create() for these.
Result<RamObjects> make_ram_objects(const Options& options);

}  // namespace guestdump::vm
