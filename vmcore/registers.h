// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vmcore/machine.h"

namespace guestdump::vmcore {

/// Registers by name, in the order of the note.
using NamedRegisters = std::vector<std::pair<std::string, uint64_t>>;

/// Size of an NT_PRSTATUS descriptor of @machine, bytes; 0 if it is not known. x86 is not known
/// here: target-i386 reads its notes.
size_t prstatus_size(const Machine& machine);

/// The registers in an NT_PRSTATUS descriptor. Empty if the machine or the descriptor's size is
/// none that is known.
NamedRegisters registers_of(const Machine& machine, std::span<const std::byte> descriptor);

}  // namespace guestdump::vmcore
