// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::monitor {

/// The file descriptors that a client named by getfd; they are closed with it.
class NamedFds {
  public:
    /// Closes what had the name before.
    void add(const std::string& name, util::UniqueFd fd);

    /// Errors: there is none of that name.
    util::Result<> close(const std::string& name);

    /// Hands it over: the name is free again. Errors: there is none of that name.
    util::Result<util::UniqueFd> take(const std::string& name);

  private:
    std::map<std::string, util::UniqueFd, std::less<>> fds_;
};

}  // namespace guestdump::monitor
