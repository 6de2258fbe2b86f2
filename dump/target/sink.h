// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "util/result.h"

namespace guestdump::dump {

/// Where the bytes of a dump go. Offsets are bytes from the start of the dump, not of the target.
///
/// A dump ends with finish() and commit(); a sink that is destroyed without them leaves no trace
/// where that is possible.
class Sink {
  public:
    virtual ~Sink() = default;

    /// Writes all of @data at @offset. What lies between writes reads as zero in the end.
    ///
    /// One thread at a time unless random_access(). No byte is written twice.
    /// Errors: the target's, with errno; without random_access() an offset below the one reached.
    virtual util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) = 0;

    /// True where write_at() takes any order and several threads at once (a regular file, memory);
    /// false where offsets may only grow (a pipe).
    virtual bool random_access() const = 0;

    /// Makes the dump @size bytes long; nothing can be written after it. Called once, by the
    /// writer. From here on the guest is not needed any more.
    virtual util::Result<> finish(uint64_t size) = 0;

    /// Makes the finished dump durable, gives it its name, and closes the target. May take long;
    /// called once, after finish().
    virtual util::Result<> commit() = 0;

    /// Makes a write or a commit() that is under way or comes later return an error soon. Any
    /// thread, at any time.
    virtual void interrupt() {}
};

}  // namespace guestdump::dump
