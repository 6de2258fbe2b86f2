// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "dump/request.h"
#include "qapi/types.h"

/// Requests from the arguments of the QMP command dump-guest-memory.

namespace guestdump::dump {

/// Checks the arguments of dump-guest-memory in QEMU's order, with QEMU's messages. Does not touch
/// the target.
Result<Request> parse_request(const qapi::DumpGuestMemoryArguments& arguments);

/// The kinds of pages of a makedumpfile dump level, which is 31 at most.
std::vector<qapi::DumpExclude> kinds_of_level(uint32_t level);

/// True if @format is a kdump-raw format, which needs a target that can seek.
bool is_kdump_raw(qapi::DumpGuestMemoryFormat format);

/// The formats that this build can write, in QEMU's order, followed by our own.
std::vector<qapi::DumpGuestMemoryFormat> supported_formats();

}  // namespace guestdump::dump
