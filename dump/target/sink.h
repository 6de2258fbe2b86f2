// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "util/error.h"

namespace guestdump::dump {

/// The target of a dump. Offsets are bytes from the start of the dump, not of the target.
///
/// A dump ends with finish() and commit(). A sink that is destroyed without them removes what it
/// wrote, if possible.
class Sink {
  public:
    virtual ~Sink() = default;

    /// Writes all of @data at @offset. Gaps between writes read as zero in the end.
    ///
    /// One thread at a time unless random_access(). No byte is written twice. Errors: those of the
    /// target, with errno; without random_access(), an @offset before the end of an earlier write.
    virtual util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) = 0;

    /// True if write_at() accepts any order and several threads at once (regular file, memory);
    /// false if offsets may only grow (pipe).
    virtual bool random_access() const = 0;

    /// True if a gap between writes takes no space in the target and no time.
    virtual bool gaps_are_free() const { return random_access(); }

    /// Sets the size of the dump to @size bytes; nothing can be written afterwards. Called once, by
    /// the writer. After it the dump does not read the guest any more.
    virtual util::Result<> finish(uint64_t size) = 0;

    /// Makes the finished dump durable, gives it its name, and closes the target. May take long.
    /// Called once, after finish().
    virtual util::Result<> commit() = 0;

    /// Makes the current and later calls of write_at() and commit() return an error soon. Any
    /// thread, at any time.
    virtual void interrupt() {}
};

}  // namespace guestdump::dump
