// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "monitor/hmp/hmp_arguments.h"
#include "util/result.h"

namespace guestdump::monitor {

/// Copies guest memory.
using MemoryReader = std::function<util::Result<>(uint64_t from, std::span<std::byte> out)>;

/// Memory as x and xp show it: lines of "<address>: <value>...". The first line that cannot be read
/// is the last, and says so.
std::string memory_text(uint64_t from, const HmpFormat& format, const MemoryReader& read);

/// One value as @format has it, without leading space.
std::string value_text(uint64_t value, const HmpFormat& format);

}  // namespace guestdump::monitor
