// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/ram_section.h"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstring>

#include "format/migration.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

/// Bytes from one page to the next if pages of one block follow each other in the stream.
constexpr uint64_t kStreamStride = kPageSize + sizeof(util::be64);

/// Limit on the blocks. A machine has one for each memory backend, ROM and video memory.
constexpr size_t kMostBlocks = size_t{1} << 12;

/// Limit on the number of a page; see kMaxPhysicalAddress.
constexpr uint64_t kMostPages = kMaxPhysicalAddress / kPageSize;

/// Bytes of a mapped-ram bitmap that are read at once.
constexpr size_t kBitmapPiece = size_t{64} << 10;

Error refusal(const StreamCursor& cursor, const char* feature, const char* advice) {
    return Error::make("'%s': the stream was made with %s, at offset %" PRIu64
                       ": its pages cannot be read; %s",
                       cursor.source().name().c_str(), feature, cursor.position(), advice);
}

constexpr const char* kSwitchOff = "save the machine without that capability";

/// Huge pages of x86. The receiver of a postcopy migration is told if a block has them.
bool is_huge_page(uint64_t size) {
    return size == uint64_t{2} << 20 || size == uint64_t{1} << 30;
}

}  // namespace

Result<> RamReader::read_section(StreamCursor& cursor, const RamCapabilities& capabilities) {
    while (true) {
        const uint64_t word = TRY(cursor.be64("a RAM section"));
        const uint64_t flags = word & format::kRamFlags;
        if ((flags & format::kRamHook) != 0)
            return refusal(cursor, "RDMA", "save the machine to a file");
        if ((flags & format::kRamCompressed) != 0)
            return refusal(cursor, "the capability compress", kSwitchOff);
        if ((flags & format::kRamXbzrle) != 0)
            return refusal(cursor, "the capability xbzrle", kSwitchOff);
        if ((flags & format::kRamBlocks) != 0) {
            TRY(read_list(cursor, word & ~format::kRamFlags, capabilities));
        } else if ((flags & (format::kRamPage | format::kRamZero)) != 0) {
            TRY(read_page(cursor, word));
        } else if ((flags & format::kRamMultifdFlush) != 0 && !capabilities.mapped_ram) {
            return refusal(cursor, "the capability multifd", kSwitchOff);
        } else if ((flags & format::kRamEnd) != 0) {
            return {};
        } else if (flags != format::kRamMultifdFlush) {
            return Error::make(
                "'%s': flags 0x%" PRIx64 " at offset %" PRIu64 " of the stream are not known",
                cursor.source().name().c_str(), flags, cursor.position() - sizeof word);
        }
    }
}

Result<> RamReader::read_list(StreamCursor& cursor, uint64_t total,
                              const RamCapabilities& capabilities) {
    const char* const name = cursor.source().name().c_str();
    if (listed_) return Error::make("'%s': the stream lists the RAM blocks twice", name);
    listed_ = true;
    if (capabilities.ignore_shared) {
        return refusal(cursor, "the capability x-ignore-shared",
                       "its memory is in the files of the memory backends; save the machine "
                       "without that capability");
    }
    for (uint64_t left = total; left > 0; left -= blocks_.back().size) {
        if (blocks_.size() == kMostBlocks)
            return Error::make("'%s': more than %zu RAM blocks", name, kMostBlocks);
        TRY(read_block(cursor, capabilities, left));
    }
    return {};
}

Result<> RamReader::read_block(StreamCursor& cursor, const RamCapabilities& capabilities,
                               uint64_t most) {
    RamBlock block;
    block.name = TRY(cursor.name("the list of RAM blocks"));
    block.size = TRY(cursor.be64("the list of RAM blocks"));
    const char* const name = cursor.source().name().c_str();
    const bool possible = block.size != 0 && block.size <= most && block.size % kPageSize == 0 &&
                          block.size <= kMaxPhysicalAddress;
    if (!possible) {
        return Error::make("'%s': RAM block '%s' has 0x%" PRIx64
                           " bytes, which is not a number of whole pages up to 0x%" PRIx64,
                           name, block.name.c_str(), block.size, most);
    }
    if (!by_name_.try_emplace(block.name, blocks_.size()).second)
        return Error::make("'%s': two RAM blocks are called '%s'", name, block.name.c_str());
    if (capabilities.postcopy) {
        const std::span<const std::byte> next = TRY(cursor.peek(sizeof(util::be64)));
        util::be64 size;
        if (next.size() == sizeof size) {
            std::memcpy(&size, next.data(), sizeof size);
            if (is_huge_page(size)) TRY(cursor.skip("the list of RAM blocks", sizeof size));
        }
    }
    block.pages = PageRuns(kStreamStride);
    block.in_file = block.size;
    uint64_t next = cursor.position();
    if (capabilities.mapped_ram) next = TRY(read_mapped(cursor, block));
    blocks_.push_back(std::move(block));
    return cursor.seek("a mapped-ram block", next);
}

Result<uint64_t> RamReader::read_mapped(StreamCursor& cursor, RamBlock& block) {
    constexpr const char* kWhat = "the header of a mapped-ram block";
    const ByteSource& source = cursor.source();
    const uint64_t at = cursor.position();
    TRY(cursor.skip(kWhat, sizeof(format::MappedRamHeader)));
    const auto header = TRY(read_struct<format::MappedRamHeader>(source, kWhat, at));
    const uint64_t pages = header.pages_offset, bitmap = header.bitmap_offset;
    if (header.version != format::kMappedRamVersion || header.page_size != kPageSize) {
        return Error::make("'%s': RAM block '%s' is mapped-ram version %u with pages of %" PRIu64
                           " bytes; version %u with pages of %u is known",
                           source.name().c_str(), block.name.c_str(), uint32_t{header.version},
                           uint64_t{header.page_size}, format::kMappedRamVersion, kPageSize);
    }
    const uint64_t after = cursor.position();
    const uint64_t bitmap_size = (block.size / kPageSize + 63) / 64 * 8;
    const bool in_order = bitmap >= after && pages >= bitmap && pages - bitmap >= bitmap_size &&
                          pages <= kMaxPhysicalAddress;
    if (!in_order) {
        return Error::make(
            "'%s': RAM block '%s' has its bitmap of %" PRIu64 " bytes at offset %" PRIu64
            " and its pages at %" PRIu64 ", which is not possible after %" PRIu64,
            source.name().c_str(), block.name.c_str(), bitmap_size, bitmap, pages, after);
    }
    block.mapped_ram = true;
    block.pages = PageRuns(kPageSize);
    const uint64_t in_file = source.size() - std::min(source.size(), pages);
    block.in_file = std::min(block.size, in_file / kPageSize * kPageSize);
    TRY(read_bitmap(cursor, block, bitmap, pages));
    return pages + block.size;
}

/// Holes of the file are skipped: a bitmap may be as large as the file claims to be.
Result<> RamReader::read_bitmap(StreamCursor& cursor, RamBlock& block, uint64_t bitmap,
                                uint64_t pages) {
    const ByteSource& source = cursor.source();
    const uint64_t count = block.size / kPageSize, end = bitmap + (count + 7) / 8;
    TRY(cursor.seek("the bitmap of a mapped-ram block", end));
    std::vector<std::byte> piece;
    for (uint64_t at = bitmap; at < end;) {
        const guest::RamExtent extent =
            source.extent(at, std::min<uint64_t>(end, at + kBitmapPiece));
        if (extent.populated) {
            piece.resize(extent.length);
            TRY(source.read_at(at, piece));
            for (size_t i = 0; i < piece.size(); ++i) {
                auto bits = std::to_integer<unsigned>(piece[i]);
                for (; bits != 0; bits &= bits - 1) {
                    const uint64_t page =
                        (at - bitmap + i) * 8 + static_cast<unsigned>(std::countr_zero(bits));
                    if (page * kPageSize < block.in_file)
                        TRY(block.pages.add(page, 1, pages + page * kPageSize, false));
                }
            }
        }
        at += extent.length;
    }
    return {};
}

Result<> RamReader::find_block(StreamCursor& cursor, uint64_t word) {
    const char* const name = cursor.source().name().c_str();
    if ((word & format::kRamSameBlock) != 0) {
        if (has_current_) return {};
        return Error::make("'%s': the page at offset %" PRIu64 " of the stream names no RAM block",
                           name, cursor.position());
    }
    const std::string block = TRY(cursor.name("the name of a RAM block"));
    const auto found = by_name_.find(block);
    if (found == by_name_.end()) {
        return Error::make("'%s': the page at offset %" PRIu64
                           " of the stream is of the RAM block '%s', which is not in its list",
                           name, cursor.position(), block.c_str());
    }
    current_ = found->second;
    has_current_ = true;
    return {};
}

Result<> RamReader::read_page(StreamCursor& cursor, uint64_t word) {
    constexpr const char* kWhat = "a page";
    TRY(find_block(cursor, word));
    RamBlock& block = blocks_[current_];
    const uint64_t offset = word & ~format::kRamFlags;
    if (offset >= block.size || block.mapped_ram) {
        return Error::make("'%s': the stream has a page at 0x%" PRIx64
                           " of RAM block '%s', which has 0x%" PRIx64 " bytes%s",
                           cursor.source().name().c_str(), offset, block.name.c_str(), block.size,
                           block.mapped_ram ? " in mapped-ram" : "");
    }
    const bool zero = (word & format::kRamZero) != 0;
    const uint64_t at = cursor.position();
    if (zero) {
        const uint8_t fill = TRY(cursor.u8(kWhat));
        if (fill != 0)
            return Error::make("'%s': the page at offset %" PRIu64
                               " of the stream is filled with 0x%02x; only 0 is known",
                               cursor.source().name().c_str(), at, fill);
    } else {
        TRY(cursor.skip(kWhat, kPageSize));
    }
    static_assert(kMostPages == uint64_t{1} << 40, "as PageRun::page has");
    return block.pages.add(offset / kPageSize, 1, at, zero);
}

Result<std::vector<RamBlock>> RamReader::take() && {
    for (RamBlock& block : blocks_) TRY(block.pages.resolve());
    return std::move(blocks_);
}

}  // namespace guestdump::vmcore
