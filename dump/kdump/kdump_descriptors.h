// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <utility>

#include "dump/kdump/kdump_layout.h"
#include "dump/kdump/page_sharing.h"
#include "dump/target/sink.h"
#include "format/kdump.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// The page descriptors of a kdump file, gathered and written in pieces of 1.5 MiB: they precede
/// the pages in the file but are known only with them. One thread.
class KdumpDescriptors {
  public:
    /// Writes at the place of @layout in @sink, which must outlive this object. Pages stored in
    /// fewer bytes than a page has get @flag, their compression. Errors: the host has no memory to
    /// give.
    static util::Result<KdumpDescriptors> make(Sink& sink, const KdumpLayout& layout,
                                               uint32_t flag);

    /// Adds descriptors of the next @count pages, which are all stored at @page. Errors: those of
    /// the sink.
    util::Result<> append(StoredPage page, uint64_t count = 1);

    /// Writes the gathered descriptors. Errors: those of the sink.
    util::Result<> flush();

  private:
    using Gathered = util::MappedArray<format::PageDesc>;

    KdumpDescriptors(Sink& sink, const KdumpLayout& layout, uint32_t flag, Gathered gathered)
        : sink_(sink),
          offset_(layout.descriptors),
          page_size_(static_cast<uint32_t>(layout.page_size)),
          order_(layout.order),
          flag_(flag),
          gathered_(std::move(gathered)) {}

    Sink& sink_;
    uint64_t offset_;
    uint32_t page_size_;
    std::endian order_;
    uint32_t flag_;
    Gathered gathered_;
    size_t count_ = 0;  ///< gathered descriptors
};

}  // namespace guestdump::dump
