// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <vector>

#include "tests/vmcore/memory_source.h"
#include "vmcore/vmcore.h"

namespace guestdump::fuzz {

inline std::shared_ptr<const vmcore::ByteSource> source_of(const uint8_t* data, size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    return vmcore::in_memory({bytes.begin(), bytes.end()});
}

/// Reads a stopped guest as a dump does, but at most 64 KiB of its memory.
inline void look_at(const vmcore::Vmcore& vmcore) {
    const guest::GuestPhysBlockList blocks = vmcore.blocks();
    (void)vmcore.arch_info(blocks);
    std::vector<std::byte> buffer(5000);  // not a whole number of pages
    uint64_t left = 64 << 10;
    for (const guest::GuestPhysBlock& block : blocks.view()) {
        for (uint64_t at = 0; at < block.range.size && left > 0;) {
            const uint64_t take = std::min<uint64_t>({buffer.size(), block.range.size - at, left});
            (void)block.region->extent(block.offset + at, block.offset + at + take);
            (void)block.region->read(block.offset + at, std::span(buffer).first(take));
            at += take;
            left -= take;
        }
    }
}

}  // namespace guestdump::fuzz
