// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace guestdump::tools {

/// Writes what stdout still holds back. False where any of it, now or before, could not be written;
/// stderr then says so, in the name of @program. For a program's end.
bool stdout_took_all(const char* program);

}  // namespace guestdump::tools
