// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "tests/support/bytes.h"
#include "util/result.h"

namespace guestdump::support {

/// A flattened file, reassembled.
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
/// Errors: all that the format forbids: a wrong signature, type or version; header bytes that are
/// not zero; records with a size that is not positive, or with a negative offset; records that
/// overlap; a missing end record; anything after it.
util::Result<FlatFile> read_flat(View file);

/// True if @file has the flattened signature.
bool is_flat(View file);

}  // namespace guestdump::support
