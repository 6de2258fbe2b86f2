// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/snapshot.h"
#include "tests/fuzz/vmcore_input.h"
#include "tests/support/memory_sink.h"
#include "vmcore/kdump/kdump_copy.h"
#include "vmcore/kdump/kdump_reader.h"

using namespace guestdump;

namespace {

/// Bitmaps of more page frames only take longer.
constexpr uint64_t kMostFrames = 1 << 20;

/// Copies the pages as they are stored, if possible.
util::Result<> copy(const vmcore::Vmcore& vmcore) {
    const uint32_t status = vmcore.kdump()->header.status;
    dump::Request request = dump::KdumpRequest{
        .compression = (status & 2) != 0 ? dump::Compression::lzo : dump::Compression::zlib,
        .flattened = (status & 1) != 0};
    request.threads = 1;
    request.find_vmcoreinfo = false;
    const auto snapshot = TRY(dump::Snapshot::take(vmcore, request));
    const auto writer = TRY(vmcore::make_kdump_copy(vmcore, snapshot, request));
    if (!writer) return {};
    support::MemorySink sink;
    dump::Progress progress;
    TRY(writer->begin(sink, progress));
    TRY(writer->iterate(*snapshot.memory, sink, progress));
    return writer->completed(sink);
}

}  // namespace

/// Reads any bytes as a vmcore, and copies each of its pages. The seeds are kdump-compressed files.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto vmcore = vmcore::Vmcore::read(fuzz::source_of(data, size));
    if (!vmcore) return 0;
    fuzz::look_at(**vmcore);
    const vmcore::KdumpFile* kdump = (*vmcore)->kdump();
    if (kdump && kdump->header.max_mapnr <= kMostFrames) (void)copy(**vmcore);
    return 0;
}
