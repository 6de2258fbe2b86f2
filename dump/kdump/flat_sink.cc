// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/flat_sink.h"

#include <algorithm>

#include "format/flattened.h"

namespace guestdump::dump {
namespace {

format::FlatHeader stream_header() {
    format::FlatHeader header;
    std::copy_n(format::kFlatSignature.data(), format::kFlatSignature.size(),
                header.signature.begin());
    header.type = format::kFlatType;
    header.version = format::kFlatVersion;
    return header;
}

}  // namespace

util::Result<> FlatSink::write_at(uint64_t offset, std::span<const std::byte> data) {
    end_ = std::max(end_, offset + data.size());
    // Records may be in any order, so a large write goes out at once and leaves the gathered data
    // alone.
    if (data.size() >= kRecordBytes) return put_record(offset, data);
    if (offset != pending_offset_ + gathered_) TRY(flush());
    if (gathered_ == 0) pending_offset_ = offset;
    // Enough room: less than a record is gathered, and less than a record is added.
    if (pending_.size() == 0) pending_ = TRY(util::MappedArray<std::byte>::make(2 * kRecordBytes));
    std::copy(data.begin(), data.end(), pending_.begin() + gathered_);
    gathered_ += data.size();
    return gathered_ < kRecordBytes ? util::Result<>{} : flush();
}

util::Result<> FlatSink::finish(uint64_t size) {
    // The stream does not contain the size of the dump; its last byte decides it.
    if (size > end_) TRY(write_at(size - 1, std::as_bytes(std::span("", 1))));
    TRY(flush());
    TRY(begin_stream());
    TRY(put(util::bytes_of(format::FlatRecord{format::kFlatEnd, format::kFlatEnd})));
    return under_.finish(position_);
}

util::Result<> FlatSink::flush() {
    if (gathered_ == 0) return {};
    TRY(put_record(pending_offset_, std::span(pending_).first(gathered_)));
    gathered_ = 0;
    return {};
}

util::Result<> FlatSink::put_record(uint64_t offset, std::span<const std::byte> data) {
    TRY(begin_stream());
    TRY(put(util::bytes_of(format::FlatRecord{offset, data.size()})));
    return put(data);
}

util::Result<> FlatSink::begin_stream() {
    return position_ == 0 ? put(util::bytes_of(stream_header())) : util::Result<>{};
}

util::Result<> FlatSink::put(std::span<const std::byte> bytes) {
    TRY(under_.write_at(position_, bytes));
    position_ += bytes.size();
    return {};
}

}  // namespace guestdump::dump
