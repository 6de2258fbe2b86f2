// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// Returns the program that wrote @vmcore, if the file has a mark that no other program leaves;
/// else empty. A layout that is usual for a program is no mark, because any other program or script
/// may write it too. docs/formats.md lists the marks.
std::optional<qapi::VmcoreProgram> written_by(const Vmcore& vmcore);

}  // namespace guestdump::vmcore
