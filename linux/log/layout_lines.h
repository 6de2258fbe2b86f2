// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

#include "linux/vmcoreinfo.h"

namespace guestdump::linux_guest {

/// Reads the lines of VMCOREINFO that describe structures of the log. If a line is missing, or its
/// value is larger than any such structure, the value is 0 and the error is kept: call failed()
/// after the last line.
class LayoutLines {
  public:
    /// @vmcoreinfo must outlive this.
    explicit LayoutLines(const Vmcoreinfo& vmcoreinfo) : vmcoreinfo_(vmcoreinfo) {}

    /// OFFSET(@member), bytes.
    uint64_t offset(const char* member) { return number("OFFSET", member); }
    /// SIZE(@type), bytes.
    uint64_t size(const char* type) { return number("SIZE", type); }
    /// True if VMCOREINFO has the line OFFSET(@member).
    bool has_offset(const char* member) const;

    /// The first error, or success.
    Result<> failed() const {
        if (missing_.empty()) return {};
        return Error::make("VMCOREINFO does not have a usable line %s", missing_.c_str());
    }

  private:
    uint64_t number(const char* kind, const char* name);

    const Vmcoreinfo& vmcoreinfo_;
    std::string missing_;
};

}  // namespace guestdump::linux_guest
