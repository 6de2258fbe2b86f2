// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/estimate/size_estimate.h"
#include "qapi/types.h"

namespace guestdump::dump {

/// @size as query-dump-estimate returns it. Any thread.
qapi::DumpEstimate to_report(const SizeEstimate& size);

}  // namespace guestdump::dump
