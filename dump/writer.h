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

    /// Writes everything that is known before pages are read: headers, notes, bitmaps. Ends early
    /// if @progress is cancelled.
    virtual Result<> begin(Sink& sink, const Progress& progress) = 0;

    /// Writes every page, in order. Adds the bytes of each page to @progress, and ends early if it
    /// is cancelled.
    virtual Result<> iterate(const guest::PageSource& pages, Sink& sink, Progress& progress) = 0;

    /// Writes what is known only after the pages, and finishes @sink.
    virtual Result<> completed(Sink& sink) = 0;
};

/// Fails if the process has too little memory left for a dump. A program provides one if its
/// allocator can keep memory in reserve, because libraries end the process if malloc() fails.
/// Called before the guest is stopped, and on the dump thread after the compressors have allocated
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
/// Errors: this build lacks the compressor; the format cannot represent the guest.
Result<std::unique_ptr<VmcoreWriter>> make_writer(const Snapshot& snapshot, const Request& request,
                                                  MemoryCheck check_memory = skip_memory_check);

}  // namespace guestdump::dump
