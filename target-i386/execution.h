// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/execution.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// What a vCPU with these registers executes. Empty outside of 64-bit mode, and if a file tells no
/// registers, which are all zero then. Compatibility mode counts as user mode. Any thread.
std::optional<guest::Execution> execution_of(const Registers& registers);

}  // namespace guestdump::target_i386
