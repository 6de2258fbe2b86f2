// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "format/flattened.h"
#include "util/result.h"

namespace guestdump::vmcore {

/// True if @header is that of a flattened file, of any type and version.
bool has_flat_signature(const format::FlatHeader& header);

/// Checks that type and version of @header, of the file @name, are the ones that we know. The error
/// contains both, so that a file of a newer version is not mistaken for garbage.
Result<> check_flat_header(const format::FlatHeader& header, const std::string& name);

/// True if @record is the last of a flattened file.
bool is_flat_end(const format::FlatRecord& record);

/// Checks @record, which is at offset @at of the flattened file @name. Errors: its size or offset
/// is negative; its size is zero; it ends beyond the largest file offset. [POSIX off_t]
Result<> check_flat_record(const format::FlatRecord& record, uint64_t at, const std::string& name);

}  // namespace guestdump::vmcore
