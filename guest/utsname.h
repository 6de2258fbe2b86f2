// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace guestdump::guest {

/// What uname(2) says in a guest, each at most 64 bytes; empty where it is not known.
struct Utsname {
    std::string sysname{}, nodename{}, release{}, version{}, machine{}, domainname{};

    bool operator==(const Utsname&) const = default;
};

}  // namespace guestdump::guest
