// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestdump::util {

/// Writes all of @bytes at @offset of the regular file @fd, whose position does not change. Returns
/// 0 or an errno of pwrite(2). Any thread.
int write_at(int fd, uint64_t offset, std::span<const std::byte> bytes);

}  // namespace guestdump::util
