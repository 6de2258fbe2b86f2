// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/log/layout_lines.h"

#include <charconv>

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kLargest = 1u << 16;  ///< the largest structure of a log has 112 bytes

std::string key_of(const char* kind, const char* name) {
    return std::string(kind) + "(" + name + ")";
}

}  // namespace

bool LayoutLines::has_offset(const char* member) const {
    return vmcoreinfo_.value(key_of("OFFSET", member)).has_value();
}

uint64_t LayoutLines::number(const char* kind, const char* name) {
    const std::string key = key_of(kind, name);
    const std::string_view digits = vmcoreinfo_.value(key).value_or("");
    uint64_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool good = parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size();
    if (good && value <= kLargest) return value;
    if (missing_.empty()) missing_ = key;
    return 0;
}

}  // namespace guestdump::linux_guest
