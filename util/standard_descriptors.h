// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

namespace guestdump::util {

/// Puts something where one of the descriptors 0 to 2 is closed. Without it the first file that the
/// process opens gets that number, and what it has to say is written there: into guest memory, say.
/// Reading and writing still fail.
///
/// First of all in main(). Errors: /dev/null cannot be opened.
Result<> occupy_standard_descriptors();

}  // namespace guestdump::util
