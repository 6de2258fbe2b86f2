// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/flat_reader.h"

#include <algorithm>
#include <cinttypes>

namespace guestdump::support {

namespace {

/// No image that a test writes is larger.
constexpr uint64_t kLargestImage = uint64_t{4} << 30;

Result<> check_header(View file) {
    if (file.size() < 4096) return Error::make("only %zu bytes, no header", file.size());
    if (!is_flat(file)) return Error::make("no flattened signature");
    if (be64_at(file, 16) != 1) return Error::make("type %" PRIu64, be64_at(file, 16));
    if (be64_at(file, 24) != 1) return Error::make("version %" PRIu64, be64_at(file, 24));
    if (!all_zero(file.subspan(12, 4)) || !all_zero(file.subspan(32, 4096 - 32))) {
        return Error::make("header is not padded with zeros");
    }
    return {};
}

Result<> check_overlaps(std::vector<FlatFile::Record> records) {
    std::sort(records.begin(), records.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    for (size_t i = 1; i < records.size(); ++i) {
        if (records[i - 1].offset + records[i - 1].size > records[i].offset) {
            return Error::make("records at %" PRIu64 " and %" PRIu64 " overlap",
                               records[i - 1].offset, records[i].offset);
        }
    }
    return {};
}

}  // namespace

bool is_flat(View file) {
    return inside(file, 0, 16) && text_at(file, 0, 16) == "makedumpfile";
}

Result<FlatFile> read_flat(View file) {
    TRY(check_header(file));
    FlatFile flat;
    for (uint64_t at = 4096;;) {
        if (!inside(file, at, 16)) return Error::make("no end record at %" PRIu64, at);
        const uint64_t offset = be64_at(file, at);
        const uint64_t size = be64_at(file, at + 8);
        at += 16;
        if (offset == UINT64_MAX && size == UINT64_MAX) {
            if (at != file.size())
                return Error::make("%" PRIu64 " bytes behind the end", file.size() - at);
            break;
        }
        if (size == 0) return Error::make("empty record at %" PRIu64, at - 16);
        if (offset > kLargestImage || size > kLargestImage - offset) {
            return Error::make("record of %" PRIu64 " bytes for offset %" PRIu64, size, offset);
        }
        if (!inside(file, at, size)) return Error::make("record at %" PRIu64 " is cut", at - 16);
        flat.records.push_back({offset, size});
        put_bytes(flat.image, offset, file.subspan(at, size));
        at += size;
    }
    TRY(check_overlaps(flat.records));
    return flat;
}

}  // namespace guestdump::support
