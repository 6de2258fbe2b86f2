// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// The program that wrote @vmcore, if the file has a mark that no other program leaves; else empty.
/// A layout that is usual for one program is no mark: any program, or a script, may write it.
/// docs/formats.md has the marks.
std::optional<qapi::VmcoreProgram> written_by(const Vmcore& vmcore);

}  // namespace guestdump::vmcore
