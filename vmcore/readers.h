// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>

#include "vmcore/byte_source.h"
#include "vmcore/contents.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// The result of read_file().
struct ReadFile {
    Contents contents;
    /// The parts that only a kdump-compressed file has; the rest is in @contents.
    std::optional<KdumpFile> kdump;
    bool flattened = false;  ///< the file was in makedumpfile's flattened format
};

/// Reads @source with the first reader that recognises it. Compression, libvirt's header and the
/// flattened format are removed first.
///
/// Errors: no reader recognises it; those of unwrap() and of the reader. The message mentions the
/// option
/// `--partial` if part of the file can be read.
Result<ReadFile> read_file(const std::shared_ptr<const ByteSource>& source, OpenOptions options);

}  // namespace guestdump::vmcore
