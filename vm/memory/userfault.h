// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

using util::Error;
using util::Result;

/// An access to watched memory that waits until it is served.
struct MemoryFault {
    std::byte* address = nullptr;
    bool missing = false;  ///< true: the page is not populated; false: it is write-protected
    bool write = false;
};

/// Write protection of this process's memory by userfaultfd. All ranges consist of whole pages of
/// the memory's own page size. Any thread.
/// [linux Documentation/admin-guide/mm/userfaultfd.rst, ioctl_userfaultfd(2)]
class Userfault {
  public:
    /// @files: true if memory of files will be watched too, not only anonymous memory. Errors: the
    /// host lacks a needed feature, which the message names.
    static Result<Userfault> open(bool files);

    /// Begins to report accesses to @range. @missing: the first access to an unpopulated page
    /// faults too; only for anonymous memory. Errors: the memory is of a kind that cannot be
    /// watched.
    Result<> watch(std::span<std::byte> range, bool missing) const;
    /// Ends all protection of @range and lets its waiting accesses go on.
    Result<> unwatch(std::span<std::byte> range) const;

    /// Makes the next write to each populated page fault.
    Result<> protect(std::span<std::byte> range) const;
    /// Ends the protection by protect(), and lets waiting accesses go on.
    Result<> release(std::span<std::byte> range) const;

    /// Populates an anonymous page with zeros, without protection, and lets waiting accesses go on.
    /// If the page is already populated, only lets the accesses go on. @write: the waiting access
    /// is a write.
    Result<> fill(std::span<std::byte> page, bool write) const;

    /// Stores faults that have arrived in @out. Returns their number, 0 if there are none. Does not
    /// wait.
    Result<size_t> take(std::span<MemoryFault> out) const;

    /// For poll(): readable when faults have arrived.
    int fd() const { return fd_.get(); }

  private:
    explicit Userfault(util::UniqueFd fd) : fd_(std::move(fd)) {}

    Result<> set_protection(std::span<std::byte> range, uint64_t mode) const;

    util::UniqueFd fd_;
};

}  // namespace guestdump::vm
