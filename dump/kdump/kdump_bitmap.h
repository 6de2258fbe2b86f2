// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>

#include "dump/kdump/page_runs.h"
#include "dump/target/sink.h"

namespace guestdump::dump {

/// Writes the bitmap in which the pages of @runs are set, @size bytes at @offset: bit pfn & 7 of
/// byte pfn >> 3. In pieces of bounded size, for a bitmap grows with the highest address of a
/// guest. [makedumpfile IMPLEMENTATION]
///
/// @runs ascend and end below 8 * @size. Errors: those of the sink.
util::Result<> write_bitmap(Sink& sink, uint64_t offset, uint64_t size,
                            std::span<const PfnRun> runs);

}  // namespace guestdump::dump
