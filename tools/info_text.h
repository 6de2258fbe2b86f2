// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "qapi/types.h"

namespace guestdump::tools {

struct InfoDetail {
    bool registers = false;   ///< print those of each vCPU
    bool vmcoreinfo = false;  ///< print all of its lines
};

/// Formats @info for people, in several lines.
std::string info_text(const qapi::VmcoreInfo& info, const InfoDetail& detail);

/// "2.0 GiB".
std::string short_size_text(uint64_t bytes);

/// "2.0 GiB (2147483648 bytes)".
std::string size_text(uint64_t bytes);

}  // namespace guestdump::tools
