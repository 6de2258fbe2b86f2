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

/// A whole dump of a scripted guest, without the machinery that stops and resumes one.

namespace guestdump::dump {

inline Result<> dump_to(Sink& sink, const guest::Guest& guest, const Request& request) {
    const Snapshot snapshot = TRY(Snapshot::take(guest, request));
    const auto writer = TRY(make_writer(snapshot, request));
    const guest::RamSource pages(snapshot.blocks);
    Progress progress;
    TRY(writer->begin(sink));
    TRY(writer->iterate(pages, sink, progress));
    return writer->completed(sink);
}

/// The file, as it comes; for flattened formats on a target that cannot seek.
inline support::Bytes dump_file(const guest::Guest& guest, const KdumpRequest& request) {
    using Order = support::MemorySink::Order;
    support::MemorySink sink(request.flattened ? Order::growing : Order::any);
    support::must(dump_to(sink, guest, request));
    ck_assert(sink.image()->finished);
    return sink.bytes();
}

/// The raw file, put together where the request is for a flattened one.
inline support::Bytes dump_image(const guest::Guest& guest, const KdumpRequest& request) {
    support::Bytes file = dump_file(guest, request);
    if (!request.flattened) return file;
    return support::must(support::read_flat(file)).image;
}

}  // namespace guestdump::dump
