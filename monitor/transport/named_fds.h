// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::monitor {

/// File descriptors that a client has named by getfd. They are closed when the client goes.
class NamedFds {
  public:
    /// Closes the descriptor that had this name before.
    void add(const std::string& name, util::UniqueFd fd);

    /// Errors: there is no descriptor of this name.
    util::Result<> close(const std::string& name);

    /// Returns the descriptor and frees its name. Errors: there is no descriptor of this name.
    util::Result<util::UniqueFd> take(const std::string& name);

  private:
    std::map<std::string, util::UniqueFd, std::less<>> fds_;
};

}  // namespace guestdump::monitor
