// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/vmcore_input.h"
#include "vmcore/kdump/flat_source.h"

using namespace guestdump;

/// Reads any bytes as a flattened file, in small steps, and then the contents as a vmcore.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto flat = vmcore::FlatSource::open(fuzz::source_of(data, size));
    if (!flat) return 0;
    std::vector<std::byte> buffer(777);
    const uint64_t end = std::min<uint64_t>((*flat)->size(), 64 << 10);
    for (uint64_t at = 0; at < end; at += buffer.size()) {
        (void)(*flat)->extent(at, end);
        (void)(*flat)->read_at(
            at, std::span(buffer).first(std::min<uint64_t>(buffer.size(), end - at)));
    }
    const auto vmcore = vmcore::Vmcore::read(*flat);
    if (vmcore) fuzz::look_at(**vmcore);
    return 0;
}
