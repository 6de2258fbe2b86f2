// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <utility>

#include "dump/kdump/page_sharing.h"
#include "dump/target/sink.h"
#include "format/kdump.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// The page descriptors of a kdump file, gathered and written in pieces of 1.5 MiB: they lie in
/// front of the pages and are known with them. One thread.
class KdumpDescriptors {
  public:
    /// They begin at @offset in @sink, which must outlive this; a page that is smaller than
    /// @page_size is compressed as @flag says. Errors: the host has no memory to give.
    static util::Result<KdumpDescriptors> make(Sink& sink, uint64_t offset, uint32_t page_size,
                                               uint32_t flag);

    /// The next @count pages are all stored as @page says. Errors: those of the sink.
    util::Result<> append(StoredPage page, uint64_t count = 1);

    /// Writes what is still gathered. Errors: those of the sink.
    util::Result<> flush();

  private:
    using Gathered = util::MappedArray<format::PageDesc>;

    KdumpDescriptors(Sink& sink, uint64_t offset, uint32_t page_size, uint32_t flag,
                     Gathered gathered)
        : sink_(sink),
          offset_(offset),
          page_size_(page_size),
          flag_(flag),
          gathered_(std::move(gathered)) {}

    Sink& sink_;
    uint64_t offset_;
    uint32_t page_size_;
    uint32_t flag_;
    Gathered gathered_;
    size_t count_ = 0;  ///< of those gathered
};

}  // namespace guestdump::dump
