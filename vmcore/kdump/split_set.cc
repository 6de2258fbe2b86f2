// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/split_set.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cinttypes>
#include <cstring>
#include <span>

#include "format/kdump.h"
#include "util/zero.h"
#include "vmcore/contents.h"
#include "vmcore/kdump/header_reader.h"
#include "vmcore/kdump/page_bitmap.h"

namespace guestdump::vmcore {
namespace {

using format::PageDesc;
using Source = std::shared_ptr<const ByteSource>;

/// The main header, which is the same in all files of a set.
using RawHeader = std::array<std::byte, sizeof(format::Kdump64::MainHeader)>;

/// One file of the set in the joined file.
struct Part {
    Source file;
    SplitPages pages;
    uint64_t first = 0;     ///< index of its first descriptor in the joined file
    uint64_t count = 0;     ///< number of its descriptors
    uint64_t tail = 0;      ///< where its pages begin in @file: after its own descriptors
    uint64_t base = 0;      ///< where its tail begins in the joined file
    uint64_t zero[2] = {};  ///< where in @file a page of zeros lies that its zero pages may share

    uint64_t tail_size() const { return file->size() - tail; }
    bool is_zero_page(uint64_t offset) const {
        return offset != 0 && (offset == zero[0] || offset == zero[1]);
    }
};

/// Converts @descriptor from the byte order @order to that of the host's structures, or back.
PageDesc in_order(const PageDesc& descriptor, std::endian order) {
    if (order == std::endian::little) return descriptor;
    return std::bit_cast<PageDesc>(descriptor.to<std::endian::big>());
}

Result<KdumpHeader> split_header(const ByteSource& source) {
    KdumpHeader header = TRY(read_kdump_header(source));
    if (header.split) return header;
    return Error::make("'%s' is not a file of a split set", source.name().c_str());
}

/// The joined file: headers and bitmaps of the first part, all descriptors, a page of zeros that
/// all zero pages share, and the tails of the parts.
class JoinedSource final : public ByteSource {
  public:
    JoinedSource(KdumpHeader header, uint64_t descriptors, std::vector<Part> parts)
        : header_(std::move(header)), descriptors_(descriptors), parts_(std::move(parts)) {
        uint64_t at = zero_page() + header_.page_size;
        for (Part& part : parts_) {
            part.base = at;
            at += part.tail_size();
        }
        size_ = at;
    }

    const std::string& name() const override { return parts_.front().file->name(); }
    uint64_t size() const override { return size_; }

    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override {
        TRY(check_inside(*this, "a read", offset, out.size()));
        while (!out.empty()) {
            const size_t done = TRY(read_some(offset, out));
            offset += done;
            out = out.subspan(done);
        }
        return {};
    }

    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        if (offset >= header_.descriptors) return {.length = limit - offset, .populated = true};
        return parts_.front().file->extent(offset, std::min(limit, header_.descriptors));
    }

  private:
    /// Descriptors that are read from a file at once.
    static constexpr uint64_t kBatch = 256;

    uint64_t zero_page() const { return header_.descriptors + descriptors_ * sizeof(PageDesc); }

    /// Reads the first bytes of @out, as many as lie in one area. Returns their number.
    Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) const {
        if (offset < header_.descriptors) return read_headers(offset, out);
        if (offset < zero_page()) return read_descriptors(offset, out);
        const uint64_t end = zero_page() + header_.page_size;
        if (offset < end) {
            const auto zeros = out.first(std::min(out.size(), end - offset));
            std::fill(zeros.begin(), zeros.end(), std::byte{0});
            return zeros.size();
        }
        return read_tail(offset, out);
    }

    Result<size_t> read_headers(uint64_t offset, std::span<std::byte> out) const {
        const auto part = out.first(std::min(out.size(), header_.descriptors - offset));
        TRY(parts_.front().file->read_at(offset, part));
        // The joined file is not a part of a set.
        const uint64_t split =
            header_.page_size + (header_.elf_class == format::ElfClass::k64
                                     ? offsetof(format::Kdump64::SubHeader, split)
                                     : offsetof(format::Kdump32::SubHeader, split));
        for (uint64_t at = split; at < split + sizeof(uint32_t); ++at) {
            if (at >= offset && at - offset < part.size()) part[at - offset] = std::byte{0};
        }
        return part.size();
    }

    Result<size_t> read_descriptors(uint64_t offset, std::span<std::byte> out) const {
        const uint64_t at = offset - header_.descriptors;
        const uint64_t first = at / sizeof(PageDesc), skip = at % sizeof(PageDesc);
        const uint64_t wanted = (skip + out.size() + sizeof(PageDesc) - 1) / sizeof(PageDesc);
        std::vector<PageDesc> some(std::min({wanted, kBatch, descriptors_ - first}));
        TRY(fill_descriptors(first, some));
        const auto bytes = std::as_bytes(std::span(some)).subspan(skip);
        const size_t size = std::min(out.size(), bytes.size());
        std::memcpy(out.data(), bytes.data(), size);
        return size;
    }

    /// Descriptors that no part has stay empty.
    Result<> fill_descriptors(uint64_t first, std::span<PageDesc> out) const {
        for (const Part& part : parts_) {
            const uint64_t from = std::max(first, part.first);
            const uint64_t to = std::min(first + out.size(), part.first + part.count);
            if (from >= to) continue;
            const auto those = out.subspan(from - first, to - from);
            const uint64_t at = header_.descriptors + (from - part.first) * sizeof(PageDesc);
            TRY(part.file->read_at(at, std::as_writable_bytes(those)));
            for (PageDesc& descriptor : those) {
                descriptor = in_order(descriptor, header_.order);
                move(part, descriptor);
                descriptor = in_order(descriptor, header_.order);
            }
        }
        return {};
    }

    /// Changes the place in @part's file to that in the joined file. A place outside its tail
    /// becomes one outside the joined file.
    void move(const Part& part, PageDesc& descriptor) const {
        const uint64_t offset = descriptor.offset;
        if (offset == 0) return;  // never written
        const bool raw =
            descriptor.flags == format::kPageRaw && descriptor.size == header_.page_size;
        if (raw && part.is_zero_page(offset)) {
            descriptor.offset = zero_page();
            return;
        }
        const bool inside = offset >= part.tail && offset - part.tail <= part.tail_size() &&
                            descriptor.size <= part.tail_size() - (offset - part.tail);
        descriptor.offset = inside ? part.base + (offset - part.tail) : size_;
    }

    Result<size_t> read_tail(uint64_t offset, std::span<std::byte> out) const {
        const auto after = std::partition_point(
            parts_.begin(), parts_.end(), [&](const Part& part) { return part.base <= offset; });
        const Part& part = *std::prev(after);
        const uint64_t in_tail = offset - part.base;
        const auto bytes = out.first(std::min(out.size(), part.tail_size() - in_tail));
        TRY(part.file->read_at(part.tail + in_tail, bytes));
        return bytes.size();
    }

    KdumpHeader header_;
    uint64_t descriptors_;     ///< number of them
    std::vector<Part> parts_;  ///< by address
    uint64_t size_ = 0;
};

/// Returns @offset if a page of zeros lies there, or else 0. @page_size: bytes.
Result<uint64_t> if_zero_page(const ByteSource& file, uint64_t offset, uint32_t page_size) {
    std::vector<std::byte> page(page_size);
    if (offset > file.size() || file.size() - offset < page.size()) return 0;
    TRY(file.read_at(offset, page));
    return util::all_zero(page) ? offset : 0;
}

/// Fills what depends on bitmap 2, @stored, and checks that the descriptors are in the file.
/// Writers put the zero page after their own descriptors, or after room for those of the whole set.
Result<> place(Part& part, const KdumpHeader& header, const PageBitmap& stored,
               OpenOptions options) {
    part.first = stored.rank(part.pages.start);
    part.count = stored.rank(part.pages.end) - part.first;
    part.tail = header.descriptors + part.count * sizeof(PageDesc);
    if (options.partial && part.tail > part.file->size()) {
        const uint64_t there = part.file->size() - std::min(part.file->size(), header.descriptors);
        part.count = there / sizeof(PageDesc);
        part.tail = header.descriptors + part.count * sizeof(PageDesc);
    }
    TRY(check_inside(*part.file, "the page descriptors", header.descriptors,
                     part.count * sizeof(PageDesc)));
    const uint64_t whole = header.descriptors + stored.pages() * sizeof(PageDesc);
    part.zero[0] = TRY(if_zero_page(*part.file, part.tail, header.page_size));
    part.zero[1] = TRY(if_zero_page(*part.file, whole, header.page_size));
    return {};
}

/// Compares bitmaps 1 and 2, which show whether the same pages were left out.
bool same_bitmaps(const ByteSource& one, const ByteSource& other, const KdumpHeader& header) {
    constexpr uint64_t kAtOnce = uint64_t{64} << 10;
    std::vector<std::byte> left(kAtOnce), right(kAtOnce);
    for (uint64_t at = header.bitmap1; at < header.descriptors;) {
        const uint64_t size = std::min(kAtOnce, header.descriptors - at);
        const auto a = std::span(left).first(size), b = std::span(right).first(size);
        if (!one.read_at(at, a) || !other.read_at(at, b)) return false;
        if (std::memcmp(a.data(), b.data(), size) != 0) return false;
        at += size;
    }
    return true;
}

/// @parts are sorted by address.
Result<> check_complete(const std::vector<Part>& parts, const KdumpHeader& header,
                        OpenOptions options) {
    const uint64_t page_size = header.page_size;
    uint64_t reached = 0;
    const auto gap = [&](uint64_t until) -> Result<> {
        if (options.partial || reached >= until) return {};
        return Error::make("'%s': its split set lacks the file with the memory from 0x%" PRIx64
                           " to 0x%" PRIx64 "; `guestdump convert --partial` saves what is there",
                           parts.front().file->name().c_str(), reached * page_size,
                           until * page_size - 1);
    };
    for (const Part& part : parts) {
        if (part.pages.start < reached && part.pages.start < part.pages.end) {
            return Error::make("'%s': its memory from 0x%" PRIx64
                               " is in another file of its split set too",
                               part.file->name().c_str(), part.pages.start * page_size);
        }
        TRY(gap(part.pages.start));
        reached = std::max(reached, part.pages.end);
    }
    return gap(header.max_mapnr);
}

}  // namespace

bool is_split_part(const ByteSource& source) {
    if (!is_kdump(source)) return false;
    const Result<KdumpHeader> header = read_kdump_header(source);
    return header && header->split;
}

bool is_same_split_set(const ByteSource& one, const ByteSource& other) {
    const auto left = read_struct<RawHeader>(one, "the kdump header", 0);
    const auto right = read_struct<RawHeader>(other, "the kdump header", 0);
    if (!left || !right || *left != *right) return false;
    const auto a = split_header(one), b = split_header(other);
    return a && b && a->dump_level == b->dump_level && a->note_size == b->note_size &&
           a->vmcoreinfo_size == b->vmcoreinfo_size && same_bitmaps(one, other, *a);
}

Result<std::shared_ptr<const ByteSource>> join_split_set(std::vector<Source> parts,
                                                         OpenOptions options) {
    KdumpHeader header = TRY(split_header(*parts.front()));
    const PageBitmap stored =
        TRY(PageBitmap::read(*parts.front(), header.bitmap2, header.max_mapnr, header.page_size));
    std::vector<Part> placed;
    for (Source& file : parts) {
        const KdumpHeader own = TRY(split_header(*file));
        if (!is_same_split_set(*parts.front(), *file)) {
            return Error::make("'%s' and '%s' are not of the same split set",
                               parts.front()->name().c_str(), file->name().c_str());
        }
        const uint64_t start = std::min(own.split->start, header.max_mapnr);
        const uint64_t end = std::clamp(own.split->end, start, header.max_mapnr);
        Part part{.file = file, .pages = {start, end}};
        TRY(place(part, own, stored, options));
        placed.push_back(std::move(part));
    }
    std::stable_sort(placed.begin(), placed.end(),
                     [](const Part& a, const Part& b) { return a.pages.start < b.pages.start; });
    TRY(check_complete(placed, header, options));
    Source joined =
        std::make_shared<const JoinedSource>(std::move(header), stored.pages(), std::move(placed));
    return joined;
}

}  // namespace guestdump::vmcore
