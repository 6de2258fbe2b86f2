// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "dump/format/kdump.h"
#include "dump/page_sharing.h"
#include "dump/sink.h"

namespace dump {

/// The page descriptors of a kdump file, gathered and written in pieces of 1.5 MiB: they lie in
/// front of the pages and are known with them. One thread.
class KdumpDescriptors {
  public:
    /// They begin at @offset in @sink; a page that is smaller than @page_size is compressed as
    /// @flag says.
    KdumpDescriptors(Sink& sink, uint64_t offset, uint32_t page_size, uint32_t flag);

    /// The next @count pages are all stored as @page says. Errors: those of the sink.
    util::Result<> append(StoredPage page, uint64_t count = 1);

    /// Writes what is still gathered. Errors: those of the sink.
    util::Result<> flush();

  private:
    Sink& sink_;
    uint64_t offset_;
    uint32_t page_size_;
    uint32_t flag_;
    std::vector<format::PageDesc> gathered_;
};

}  // namespace dump
