// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// What a reader found in a file.
struct ReadFile {
    Contents contents;
    std::optional<KdumpFile> kdump;  ///< what only a kdump-compressed file has; its contents are
                                     ///< in @contents
    bool flattened = false;          ///< the file came wrapped in makedumpfile's flattened format
};

/// Reads @source with the first reader that recognises it. A flattened file is unwrapped first.
///
/// Errors: no reader recognises it; those of the reader. They name the option `--partial` if the
/// file can be opened in part.
Result<ReadFile> read_file(const std::shared_ptr<const ByteSource>& source, OpenOptions options);

}  // namespace guestdump::vmcore
