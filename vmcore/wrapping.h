// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "vmcore/migration/migration_reader.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// A file without what another program put around it: compression, or libvirt's header.
struct Unwrapped {
    std::shared_ptr<const ByteSource> source;
    std::string wrapping;  ///< what was removed, for people: "libvirt save image, zstd"; or empty
    /// Set for a libvirt save image: where its migration stream is.
    std::optional<StreamPlace> stream;
    /// Set if compressed data were damaged or cut off; @source ends there.
    std::optional<Error> damage;
};

/// Removes compression and libvirt's header from @source, if it has them. Compressed files are
/// unpacked into a temporary file.
///
/// Errors: those of unpack() and read_libvirt_image(); this build has no library for the
/// compression.
Result<Unwrapped> unwrap(std::shared_ptr<const ByteSource> source, const OpenOptions& options);

}  // namespace guestdump::vmcore
