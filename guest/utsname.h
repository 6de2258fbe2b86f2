// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace guestdump::guest {

/// The strings of a guest's uname(2), each at most 64 bytes; empty if unknown.
struct Utsname {
    std::string sysname{}, nodename{}, release{}, version{}, machine{}, domainname{};

    bool operator==(const Utsname&) const = default;
};

}  // namespace guestdump::guest
