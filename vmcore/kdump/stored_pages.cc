// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/stored_pages.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::vmcore {

Result<> StoredPages::check(size_t index, size_t page_size) const {
    const format::PageDesc& descriptor = descriptors_[index];
    const uint64_t address = (first_pfn_ + index) * page_size;
    const uint64_t offset = descriptor.offset;
    const uint32_t size = descriptor.size, flags = descriptor.flags;
    // The descriptor area of a dump that ran out of disk space is a hole.
    if (offset == 0) {
        return Error::make("'%s': the page at 0x%" PRIx64
                           " is not in the file, the dump is incomplete",
                           source_.name().c_str(), address);
    }
    if (flags != format::kPageRaw && !Decompressor::has(flags)) {
        const char* name = Decompressor::name(flags);
        if (!name) {
            return Error::make("'%s': the page at 0x%" PRIx64
                               " has flags 0x%x, which is no known compression",
                               source_.name().c_str(), address, flags);
        }
        return Error::make("'%s': the page at 0x%" PRIx64 ": %s is not available now",
                           source_.name().c_str(), address, name);
    }
    if (size > page_size || (flags == format::kPageRaw && size != page_size)) {
        return Error::make("'%s': the page at 0x%" PRIx64
                           " is stored in %u bytes with flags 0x%x, a page has %zu",
                           source_.name().c_str(), address, size, flags, page_size);
    }
    Result<> inside = check_inside(source_, "its data", offset, size);
    if (!inside) return std::move(inside).take_error().while_("the page at 0x%" PRIx64, address);
    return {};
}

Result<> StoredPages::read(size_t index, std::span<std::byte> page) {
    TRY(check(index, page.size()));
    const std::span<const std::byte> bytes = TRY(stored(index, page.size()));
    const uint32_t flags = descriptors_[index].flags;
    if (flags == format::kPageRaw) {
        std::copy(bytes.begin(), bytes.end(), page.begin());
        return {};
    }
    if (decompressor_.expand(flags, bytes, page)) return {};
    return Error::make("'%s': the page at 0x%" PRIx64 ": the %zu bytes at offset %" PRIu64
                       " with flags 0x%x do not decompress to %zu bytes",
                       source_.name().c_str(), (first_pfn_ + index) * page.size(), bytes.size(),
                       uint64_t{descriptors_[index].offset}, flags, page.size());
}

/// Returns the end of the run of bytes that starts with page @index and continues with those later
/// pages whose bytes directly follow.
uint64_t StoredPages::window_end(size_t index, size_t page_size) const {
    uint64_t end = descriptors_[index].offset + descriptors_[index].size;
    for (const format::PageDesc& next : descriptors_.subspan(index + 1)) {
        const bool goes_on = next.offset == end && next.size <= page_size;
        if (goes_on && next.size <= source_.size() - end) end += next.size;
    }
    return end;
}

Result<std::span<const std::byte>> StoredPages::stored(size_t index, size_t page_size) {
    const uint64_t offset = descriptors_[index].offset;
    const uint32_t size = descriptors_[index].size;
    const bool in_window = offset >= window_start_ && offset - window_start_ <= window_.size() &&
                           size <= window_.size() - (offset - window_start_);
    if (in_window) return std::span<const std::byte>(window_).subspan(offset - window_start_, size);
    const uint64_t end = window_end(index, page_size);
    std::vector<std::byte>& buffer = end - offset > size ? window_ : single_;
    if (&buffer == &window_) window_start_ = offset;
    buffer.resize(end - offset);
    TRY(source_.read_at(offset, buffer));
    return std::span<const std::byte>(buffer).first(size);
}

}  // namespace guestdump::vmcore
