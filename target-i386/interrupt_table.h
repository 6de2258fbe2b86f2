// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "guest/page_source.h"

namespace guestdump::target_i386 {

/// The address in gate 0 of the interrupt table at @table. Gates have 16 bytes in long mode and 8
/// in protected mode. Empty if the gate is not present, reaches into the next page (which may be
/// anywhere), or lies outside @memory. Any thread. [SDM 3A 6.11, 6.14.1]
std::optional<guest::Gva> first_gate(guest::Gpa table, bool long_mode,
                                     const guest::PageSource& memory);

}  // namespace guestdump::target_i386
