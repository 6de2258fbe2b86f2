// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
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

/// Fails if the process has too little memory to spare for a dump. A program provides one if its
/// allocator can keep memory in reserve; libraries end the process when malloc() returns nothing.
/// Called before the guest is stopped and, on the dump thread, after the compressors have allocated
/// their memory. Never empty.
using MemoryCheck = std::function<Result<>()>;

/// The default MemoryCheck: never fails.
inline Result<> skip_memory_check() {
    return {};
}

/// Errors: @request's format needs a target that can seek, and @sink cannot.
Result<> check_target(const Request& request, const Sink& sink);

/// The writer for @request's format. @snapshot must outlive it.
///
/// Errors: the compressor is not in this build, the guest does not fit the format.
Result<std::unique_ptr<VmcoreWriter>> make_writer(const Snapshot& snapshot, const Request& request,
                                                  MemoryCheck check_memory = skip_memory_check);

}  // namespace guestdump::dump
