// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "vmcore/migration/page_runs.h"
#include "vmcore/migration/stream_cursor.h"

namespace guestdump::vmcore {

/// A RAM block of a stream: memory of the guest, video memory, firmware.
struct RamBlock {
    std::string name;   ///< "pc.ram", "0000:00:02.0/vga.vram"
    uint64_t size = 0;  ///< used length, bytes, whole pages
    PageRuns pages;
    bool mapped_ram = false;  ///< its pages lie at fixed places in the file
    /// How much of @size the file has room for, bytes: less if a file with mapped-ram was cut off.
    uint64_t in_file = 0;
};

/// The capabilities that change the form of the RAM section.
struct RamCapabilities {
    bool mapped_ram = false, ignore_shared = false;
    bool postcopy = false;  ///< a postcopy migration was announced before
};

/// Reads the RAM sections of a stream. One thread.
class RamReader {
  public:
    /// Reads the data of a section, to its end mark: the list of blocks, pages, or both.
    ///
    /// Errors: the stream is cut off; a page of no block; a form of pages that only the migration's
    /// receiver could understand (xbzrle, compress, multifd, RDMA).
    Result<> read_section(StreamCursor& cursor, const RamCapabilities& capabilities);

    bool has_blocks() const { return listed_; }

    /// The blocks with their pages in order. Errors: those of PageRuns::resolve().
    Result<std::vector<RamBlock>> take() &&;

  private:
    Result<> read_list(StreamCursor& cursor, uint64_t total, const RamCapabilities& capabilities);
    Result<> read_block(StreamCursor& cursor, const RamCapabilities& capabilities, uint64_t most);
    Result<uint64_t> read_mapped(StreamCursor& cursor, RamBlock& block);
    Result<> read_bitmap(StreamCursor& cursor, RamBlock& block, uint64_t bitmap, uint64_t pages);
    Result<> read_page(StreamCursor& cursor, uint64_t word);
    Result<> find_block(StreamCursor& cursor, uint64_t word);

    std::vector<RamBlock> blocks_;
    std::map<std::string, size_t> by_name_;  ///< indices in blocks_
    bool listed_ = false;
    size_t current_ = 0;  ///< the block of the last page
    bool has_current_ = false;
};

}  // namespace guestdump::vmcore
