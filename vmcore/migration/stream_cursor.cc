// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/stream_cursor.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::vmcore {

Result<StreamCursor> StreamCursor::at(const ByteSource& source, uint64_t offset,
                                      const util::Cancellation* cancellation) {
    TRY(check_inside(source, "a stream", offset, 0));
    StreamCursor cursor(source, offset);
    cursor.cancellation_ = cancellation;
    cursor.window_ = TRY(util::MappedArray<std::byte>::make(kWindow));
    return cursor;
}

Error StreamCursor::cut(const char* what, uint64_t size) {
    cut_off_ = true;
    return Error::make("'%s': the stream is cut off in %s: %" PRIu64 " bytes at offset %" PRIu64
                       " of a file of %" PRIu64,
                       source_->name().c_str(), what, size, position_, source_->size());
}

/// Puts the next @size bytes into the buffer; @size is at most kWindow.
Result<> StreamCursor::fill(const char* what, size_t size) {
    const uint64_t from = position_ - window_start_;
    if (position_ >= window_start_ && from <= window_size_ && size <= window_size_ - from)
        return {};
    if (size > left()) return cut(what, size);
    if (cancellation_) TRY(cancellation_->check());
    const auto take = static_cast<size_t>(std::min<uint64_t>(kWindow, left()));
    window_size_ = 0;
    TRY(source_->read_at(position_, std::span(window_.data(), take)));
    window_start_ = position_;
    window_size_ = take;
    return {};
}

Result<std::string> StreamCursor::name(const char* what) {
    const uint8_t size = TRY(u8(what));
    return text(what, size);
}

Result<std::string> StreamCursor::text(const char* what, size_t size) {
    if (size > left()) return cut(what, size);
    std::string bytes(size, '\0');
    TRY(source_->read_at(position_, std::as_writable_bytes(std::span(bytes))));
    position_ += size;
    return bytes;
}

Result<> StreamCursor::skip(const char* what, uint64_t size) {
    if (size > left()) return cut(what, size);
    position_ += size;
    return {};
}

Result<> StreamCursor::seek(const char* what, uint64_t position) {
    if (position > source_->size()) return cut(what, position - position_);
    position_ = position;
    return {};
}

Result<std::span<const std::byte>> StreamCursor::peek(size_t size) {
    const auto there = static_cast<size_t>(std::min<uint64_t>({size, left(), kWindow}));
    if (there == 0) return std::span<const std::byte>();
    TRY(fill("the stream", there));
    return std::span<const std::byte>(window_.data() + (position_ - window_start_), there);
}

}  // namespace guestdump::vmcore
