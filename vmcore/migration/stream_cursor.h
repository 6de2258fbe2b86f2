// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstring>
#include <string>

#include "util/cancellation.h"
#include "util/mapped_array.h"
#include "util/stored.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// Reads a stream from its start to its end through a buffer. Integers are big-endian. One thread.
///
/// Functions that read take @what they read, for the error if the stream ends inside it.
class StreamCursor {
  public:
    /// @source and @cancellation, unless it is nullptr, must outlive this. @offset: of the stream
    /// in
    /// @source, bytes. Errors: out of memory.
    static Result<StreamCursor> at(const ByteSource& source, uint64_t offset,
                                   const util::Cancellation* cancellation = nullptr);

    /// Offset in the source of the next byte.
    uint64_t position() const { return position_; }
    /// Number of bytes that follow.
    uint64_t left() const { return source_->size() - position_; }
    const ByteSource& source() const { return *source_; }
    /// True after an error because the source ended.
    bool cut_off() const { return cut_off_; }

    Result<uint8_t> u8(const char* what) { return number<uint8_t>(what); }
    Result<uint16_t> be16(const char* what) { return number<uint16_t>(what); }
    Result<uint32_t> be32(const char* what) { return number<uint32_t>(what); }
    Result<uint64_t> be64(const char* what) { return number<uint64_t>(what); }
    /// A name after its length in one byte.
    Result<std::string> name(const char* what);
    /// @size bytes, which the caller has limited.
    Result<std::string> text(const char* what, size_t size);
    Result<> skip(const char* what, uint64_t size);
    /// Goes on at @position, which may lie before or after this one.
    Result<> seek(const char* what, uint64_t position);
    /// The next @size bytes without moving. Fewer, if the source ends before.
    Result<std::span<const std::byte>> peek(size_t size);

  private:
    static constexpr size_t kWindow = size_t{256} << 10;

    StreamCursor(const ByteSource& source, uint64_t offset)
        : source_(&source), position_(offset), window_start_(offset) {}

    Error cut(const char* what, uint64_t size);
    Result<> fill(const char* what, size_t size);

    template <class T>
    Result<T> number(const char* what) {
        util::Stored<T, std::endian::big> stored;
        TRY(fill(what, sizeof stored));
        std::memcpy(&stored, window_.data() + (position_ - window_start_), sizeof stored);
        position_ += sizeof stored;
        return T{stored};
    }

    const ByteSource* source_;
    const util::Cancellation* cancellation_ = nullptr;  ///< asked whenever the buffer is filled
    uint64_t position_;
    uint64_t window_start_;  ///< offset in the source of the buffer's first byte
    size_t window_size_ = 0;
    bool cut_off_ = false;
    util::MappedArray<std::byte> window_;
};

}  // namespace guestdump::vmcore
