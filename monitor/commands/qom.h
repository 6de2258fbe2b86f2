// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

/// The few paths and types of QEMU's object model that clients use.

namespace guestdump::monitor {

/// Path of vCPU @cpu, as in query-cpus-fast.
std::string cpu_qom_path(unsigned cpu);

}  // namespace guestdump::monitor
