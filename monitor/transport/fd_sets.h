// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qapi/types.h"
#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::monitor {

/// Sets of file descriptors for one thing each (a file, once for reading and once for writing),
/// which any client may use as /dev/fdset/N. They stay until they are removed.
class FdSets {
  public:
    /// Into set @id, or a new one. Errors: @id is negative.
    util::Result<qapi::AddfdInfo> add(util::UniqueFd fd, std::optional<int64_t> id,
                                      std::optional<std::string> opaque);

    /// Takes @fd out of the set, or all; the set goes with its last one. Errors: there is none.
    util::Result<> remove(int64_t id, std::optional<int64_t> fd);

    std::vector<qapi::FdsetInfo> list() const;

    /// A copy of the set's first descriptor that can be written to, where @path is /dev/fdset/N.
    /// Empty where it is not. Errors: there is no such set, or nothing in it can be written to.
    util::Result<util::UniqueFd> open_for_writing(std::string_view path) const;

  private:
    struct Entry {
        util::UniqueFd fd;
        std::optional<std::string> opaque;
    };
    using Set = std::vector<Entry>;

    std::map<int64_t, Set> sets_;
};

}  // namespace guestdump::monitor
