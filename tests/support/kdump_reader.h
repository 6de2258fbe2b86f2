// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/bytes.h"
#include "tests/support/elf_reader.h"
#include "util/result.h"

namespace guestdump::support {

/// A raw kdump-compressed file of version 6, read by literal offsets; pages are decompressed by the
/// libraries that the format was made for. Refers to the bytes it was read from.
struct KdumpFile {
    struct Page {
        uint64_t offset = 0;  ///< of the stored bytes in the file
        uint32_t size = 0;
        uint32_t flags = 0;
    };

    View file;
    int bits = 0;  ///< 32 or 64, of the headers
    uint32_t version = 0, status = 0, block_size = 0, sub_header_blocks = 0, bitmap_blocks = 0;
    uint32_t max_mapnr_32 = 0, nr_cpus = 0;
    std::string sysname, nodename, release, machine_version, machine, domainname;
    uint64_t phys_base = 0, max_mapnr = 0, start_pfn = 0, end_pfn = 0;
    uint32_t dump_level = 0, split = 0;
    uint64_t vmcoreinfo_offset = 0, vmcoreinfo_size = 0, note_offset = 0, note_size = 0;
    std::vector<ElfNote> notes;
    std::vector<bool> bitmap1, bitmap2;  ///< by page frame number
    uint64_t descriptors_offset = 0;
    std::map<uint64_t, Page> pages;  ///< by page frame number, those of bitmap 2

    std::string vmcoreinfo() const;
    /// The page's block_size bytes. Errors: not in bitmap 2, or it does not decompress to one page.
    util::Result<Bytes> page(uint64_t pfn) const;
};

/// Errors: not such a file; a header, note, bitmap, descriptor or page lies outside it.
util::Result<KdumpFile> read_kdump(View file);

}  // namespace guestdump::support
