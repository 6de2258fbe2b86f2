// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "qapi/types.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

/// The program that wrote @vmcore, by what is its own in a file of it; empty where that is not
/// known. Notes do not tell it: those of a guest are the same from all of them. docs/formats.md has
/// the marks.
std::optional<qapi::VmcoreProgram> written_by(const Vmcore& vmcore);

}  // namespace guestdump::vmcore
