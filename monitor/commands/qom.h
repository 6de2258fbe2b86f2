// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

/// The few paths and types of QEMU's object model that clients name, or ask for.

namespace guestdump::monitor {

/// Of vCPU @cpu, as query-cpus-fast tells it.
std::string cpu_qom_path(unsigned cpu);

}  // namespace guestdump::monitor
