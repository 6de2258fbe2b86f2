// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "tests/support/bytes.h"
#include "util/result.h"

namespace guestdump::support {

/// A flattened file, put together.
struct FlatFile {
    struct Record {
        uint64_t offset;  ///< in the image, bytes
        uint64_t size;
    };
    Bytes image;
    std::vector<Record> records;  ///< in the file's order
};

/// Reads a flattened file by literal offsets.
///
/// Errors: all that the format forbids: a wrong signature, type or version, header bytes that are
/// not zero, records of no or negative size or negative offset, records that overlap, a missing end
/// record, anything behind it.
util::Result<FlatFile> read_flat(View file);

/// True where @file has the flattened signature.
bool is_flat(View file);

}  // namespace guestdump::support
