// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "dump/progress.h"
#include "dump/snapshot.h"
#include "dump/writer.h"
#include "guest/page_source.h"
#include "tests/support/flat_reader.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/scripted_guest.h"

/// Whole dumps of scripted guests, without the code that stops and resumes them.

namespace guestdump::dump {

inline Result<> dump_to(Sink& sink, const guest::Guest& guest, const Request& request) {
    const Snapshot snapshot = TRY(Snapshot::take(guest, request));
    const auto writer = TRY(make_writer(snapshot, request));
    Progress progress;
    TRY(writer->begin(sink, progress));
    TRY(writer->iterate(*snapshot.memory, sink, progress));
    return writer->completed(sink);
}

/// The file as written; flattened formats are written to a target that cannot seek.
inline support::Bytes dump_file(const guest::Guest& guest, const Request& request) {
    using Order = support::MemorySink::Order;
    support::MemorySink sink(request.kdump()->flattened ? Order::growing : Order::any);
    support::must(dump_to(sink, guest, request));
    ck_assert(sink.image()->finished);
    return sink.bytes();
}
inline support::Bytes dump_file(const guest::Guest& guest, const KdumpRequest& request) {
    return dump_file(guest, Request(request));
}

/// The raw file; the records of a flattened one are put together.
inline support::Bytes dump_image(const guest::Guest& guest, const Request& request) {
    support::Bytes file = dump_file(guest, request);
    if (!request.kdump()->flattened) return file;
    return support::must(support::read_flat(file)).image;
}
inline support::Bytes dump_image(const guest::Guest& guest, const KdumpRequest& request) {
    return dump_image(guest, Request(request));
}

/// @request for these bytes only.
inline Request part_of(Request request, uint64_t begin, uint64_t length) {
    request.only = guest::GpaRange{guest::Gpa{begin}, length};
    return request;
}

/// @request with this many threads.
inline Request on_threads(unsigned threads, Request request) {
    request.threads = threads;
    return request;
}

}  // namespace guestdump::dump
