// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "vmcore/contents.h"
#include "vmcore/migration/memory_layout.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// Where a migration stream lies, and what is known of it from elsewhere.
struct StreamPlace {
    uint64_t offset = 0;  ///< in the file, bytes
    RamAddresses addresses{};
};

/// True if a migration stream begins at @offset.
bool is_migration_stream(const ByteSource& source, uint64_t offset = 0);

/// Reads the migration stream of a PC. The pages are indexed once, and stay in the file.
///
/// With options.partial, a stream that was cut off is read as far as it goes, and memory of unknown
/// address is left out. Errors: those of read_stream(), place_memory() and read_cpus(); memory
/// whose address is not known.
Result<Contents> read_migration(const std::shared_ptr<const ByteSource>& source,
                                const StreamPlace& place, OpenOptions options);

}  // namespace guestdump::vmcore
