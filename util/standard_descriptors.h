// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

namespace guestdump::util {

/// Opens /dev/null at each of the descriptors 0 to 2 that is closed. Otherwise the first file that
/// the process opens would get that number, and messages would be written to it: into guest memory,
/// for example. Reading and writing the descriptor still fail.
///
/// Call this first in main(). Errors: /dev/null cannot be opened.
Result<> occupy_standard_descriptors();

}  // namespace guestdump::util
