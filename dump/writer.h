// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/progress.h"
#include "dump/request.h"
#include "dump/snapshot.h"
#include "dump/target/sink.h"
#include "guest/page_source.h"

namespace guestdump::dump {

/// A vmcore format. The three phases are called in this order, once each, on one thread; a failed
/// phase ends the dump.
class VmcoreWriter {
  public:
    virtual ~VmcoreWriter() = default;

    /// All that is known before a page is read: headers, notes, bitmaps. Ends early when @progress
    /// is cancelled.
    virtual Result<> begin(Sink& sink, const Progress& progress) = 0;

    /// Every page, in order. Adds each page's bytes to @progress, and ends early when it is
    /// cancelled.
    virtual Result<> iterate(const guest::PageSource& pages, Sink& sink, Progress& progress) = 0;

    /// What is known only now; finishes @sink.
    virtual Result<> completed(Sink& sink) = 0;
};

/// The writer for @request's format. @snapshot must outlive it.
///
/// Errors: the compressor is not in this build, the guest does not fit the format.
Result<std::unique_ptr<VmcoreWriter>> make_writer(const Snapshot& snapshot, const Request& request);

}  // namespace guestdump::dump
