// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "api/guestdump.h"
#include "target-i386/registers.h"

namespace guestdump::api {

/// The registers as a C caller has them. Reserved members are 0.
guestdump_x86_registers to_c(const target_i386::Registers& registers);

/// The same in the other direction. Reserved members are not read.
target_i386::Registers from_c(const guestdump_x86_registers& registers);

}  // namespace guestdump::api
