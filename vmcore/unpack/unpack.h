// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>

#include "vmcore/file_source.h"
#include "vmcore/open_options.h"
#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {

/// How a whole file is compressed.
struct Packing {
    const char* name;                     ///< as the program that unpacks it: "gzip"
    std::unique_ptr<Unpacker> (*make)();  ///< null: this build has no library for it
};

/// The compression of the bytes of @source from @offset on, by their first bytes. nullptr if they
/// are not compressed in a known way.
const Packing* packing_at(const ByteSource& source, uint64_t offset);

struct Unpacked {
    std::shared_ptr<const FileSource> file;
    /// Set if the compressed file is damaged or cut off; @file ends there.
    std::optional<Error> damage;
};

/// Unpacks @source from @offset on into a NamelessFile, because vmcores are read at random.
/// @packing.make must not be null.
///
/// Errors: failed reads and writes; out of memory; cancellation.
Result<Unpacked> unpack(const ByteSource& source, uint64_t offset, const Packing& packing,
                        const OpenOptions& options);

}  // namespace guestdump::vmcore
