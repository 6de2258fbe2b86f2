// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/flat_record.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::vmcore {

bool has_flat_signature(const format::FlatHeader& header) {
    std::array<char, sizeof header.signature> padded{};
    std::copy(format::kFlatSignature.begin(), format::kFlatSignature.end(), padded.begin());
    return header.signature == padded;
}

Result<> check_flat_header(const format::FlatHeader& header, const std::string& name) {
    if (header.type == format::kFlatType && header.version == format::kFlatVersion) return {};
    return Error::make("'%s': flattened type %" PRIu64 " version %" PRIu64 ", where type %" PRIu64
                       " version %" PRIu64 " is known",
                       name.c_str(), uint64_t{header.type}, uint64_t{header.version},
                       format::kFlatType, format::kFlatVersion);
}

bool is_flat_end(const format::FlatRecord& record) {
    return record.offset == format::kFlatEnd && record.size == format::kFlatEnd;
}

Result<> check_flat_record(const format::FlatRecord& record, uint64_t at, const std::string& name) {
    constexpr uint64_t kMaxEnd = INT64_MAX;
    const uint64_t offset = record.offset, size = record.size;
    if (size != 0 && size <= kMaxEnd && offset <= kMaxEnd - size) return {};
    return Error::make("'%s': the record at offset %" PRIu64 " has size %" PRId64
                       " and offset %" PRId64,
                       name.c_str(), at, static_cast<int64_t>(size), static_cast<int64_t>(offset));
}

}  // namespace guestdump::vmcore
