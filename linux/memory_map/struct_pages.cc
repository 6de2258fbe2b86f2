// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/struct_pages.h"

#include <algorithm>

namespace guestdump::linux_guest {
namespace {

using guest::Gpa;
using guest::Gva;

constexpr uint64_t kPage = 4096;

/// Reads the bytes at @from into @out. Returns false if some of them cannot be read.
bool read_physical(const guest::PageSource& memory, Gpa from, std::span<std::byte> out) {
    while (!out.empty()) {
        if (!memory.blocks().find(from)) return false;
        const guest::RamExtent extent = memory.extent(from, out.size());
        const std::span<std::byte> part = out.first(std::min<uint64_t>(out.size(), extent.length));
        if (!extent.populated) {
            std::fill(part.begin(), part.end(), std::byte{0});
        } else if (!memory.read(from, part)) {
            return false;
        }
        from.value += part.size();
        out = out.subspan(part.size());
    }
    return true;
}

/// Fills the beginning of @out with bytes at @virt that are physically contiguous, or with zeros
/// for a part that is not mapped or cannot be read. Returns the number of bytes. Sets *@readable to
/// true in the first case, to false in the second.
uint64_t read_together(KernelReader& reader, uint64_t virt, std::span<std::byte> out,
                       bool* readable) {
    *readable = false;
    const auto mapping = reader.translate(Gva{virt});
    if (!mapping) {
        const uint64_t size = reader.kernel().walk(Gva{virt}).size;
        const uint64_t rest = std::min<uint64_t>(out.size(), size - (virt & (size - 1)));
        std::fill_n(out.begin(), rest, std::byte{0});
        return rest;
    }
    const auto part = out.first(std::min<uint64_t>(out.size(), mapping->length));
    *readable = read_physical(reader.kernel().memory(), mapping->phys, part);
    if (*readable) return part.size();
    // Reads page by page, so that one unreadable page affects no other page.
    const uint64_t one = std::min<uint64_t>(part.size(), kPage - (virt & (kPage - 1)));
    *readable = read_physical(reader.kernel().memory(), mapping->phys, part.first(one));
    if (!*readable) std::fill_n(part.begin(), one, std::byte{0});
    return one;
}

}  // namespace

Result<StructPages> StructPages::make(const KernelMemory& kernel, const SectionTable& sections,
                                      uint32_t struct_size) {
    StructPages pages(kernel, sections, struct_size);
    pages.buffer_ = TRY(util::MappedArray<std::byte>::make(kPiece * struct_size));
    return pages;
}

/// Reads the structs at @virt into @out. Returns the number of structs that cannot be read
/// completely.
uint64_t StructPages::read_mapped(uint64_t virt, std::span<std::byte> out) {
    uint64_t unmapped = 0, counted = 0;  // structs with a lower number have been counted
    for (uint64_t done = 0; done < out.size();) {
        bool readable = false;
        const uint64_t part = read_together(reader_, virt + done, out.subspan(done), &readable);
        if (!readable) {
            const uint64_t first = std::max(counted, done / size_);
            const uint64_t end = (done + part + size_ - 1) / size_;
            if (end > first) {
                // A struct that was read only in part is not used.
                std::fill_n(out.begin() + first * size_, (end - first) * size_, std::byte{0});
                unmapped += end - first;
                counted = end;
            }
        }
        done += part;
    }
    return unmapped;
}

StructPages::Piece StructPages::read(uint64_t first, uint64_t end) {
    const uint64_t section = first >> sections_->section_order();
    if (section != section_) {
        section_ = section;
        base_ = sections_->base_for(first, reader_);
    }
    Piece piece{.first = first & ~uint64_t{1}, .end = (end + 1) & ~uint64_t{1}};
    if (!base_) return piece;
    piece.is_covered = true;
    piece.virt = *base_ + piece.first * size_;
    piece.bytes = buffer_.data();
    piece.unmapped =
        read_mapped(piece.virt, std::span(buffer_.data(), (piece.end - piece.first) * size_));
    return piece;
}

}  // namespace guestdump::linux_guest
