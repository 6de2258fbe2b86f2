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

/// Memory as x and xp show it: lines of "<address>: <value>...". If a line cannot be read, it has
/// "Cannot access memory" instead of values and is the last line.
std::string memory_text(uint64_t from, const HmpFormat& format, const MemoryReader& read);

/// One value in the given format, without leading spaces.
std::string value_text(uint64_t value, const HmpFormat& format);

}  // namespace guestdump::monitor
