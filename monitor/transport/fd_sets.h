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

/// Numbered sets of file descriptors, which any client may use as /dev/fdset/N. The descriptors of
/// a set refer to the same thing with different access: a file opened once for reading and once for
/// writing. They stay open until they are removed.
class FdSets {
  public:
    /// Adds @fd to set @id, or to a new set. Errors: @id is negative.
    util::Result<qapi::AddfdInfo> add(util::UniqueFd fd, std::optional<int64_t> id,
                                      std::optional<std::string> opaque);

    /// Closes @fd, or all descriptors of the set. An empty set is removed. Errors: no such set or
    /// descriptor.
    util::Result<> remove(int64_t id, std::optional<int64_t> fd);

    std::vector<qapi::FdsetInfo> list() const;

    /// If @path is /dev/fdset/N, returns a copy of the first writable descriptor of set N. Empty
    /// for any other path. Errors: there is no such set, or none of its descriptors is writable.
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
