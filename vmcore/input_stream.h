// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::vmcore {

/// A pipe, FIFO or socket that is read from its start to its end. One thread.
class InputStream {
  public:
    /// @name is for messages.
    InputStream(std::string name, util::UniqueFd fd) : name_(std::move(name)), fd_(std::move(fd)) {}

    const std::string& name() const { return name_; }

    /// The first @size bytes of what has not been read, or fewer if the stream ends earlier. They
    /// stay unread. Valid until the next call of any function. Errors: as read().
    Result<std::span<const std::byte>> peek(size_t size);

    /// Reads until @buffer is full or the stream ends. Returns the number of bytes. Errors: a
    /// failed read, with errno.
    Result<size_t> read(std::span<std::byte> buffer);

  private:
    Result<size_t> fill(std::span<std::byte> buffer) const;

    std::string name_;
    util::UniqueFd fd_;
    std::vector<std::byte> peeked_{};
};

}  // namespace guestdump::vmcore
