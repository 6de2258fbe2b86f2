// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "vmcore/byte_source.h"
#include "vmcore/migration/memory_layout.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

/// A file that `virsh save` or `virsh managedsave` wrote: a header, the domain's XML, and a
/// migration stream, which may be compressed.
struct LibvirtImage {
    uint64_t stream = 0;       ///< offset in the file of the stream, bytes
    RamAddresses addresses{};  ///< of DIMMs, from the XML
    bool complete = true;      ///< false: libvirt had not finished the file
};

bool is_libvirt_image(const ByteSource& source);

/// Reads the header and the XML. With options.partial, a file that libvirt had not finished is read
/// too.
///
/// Errors: an unknown version; XML that lies outside the file; a file that is not finished.
Result<LibvirtImage> read_libvirt_image(const ByteSource& source, OpenOptions options);

/// The addresses of the DIMMs in a domain's XML, by the names of their RAM blocks.
RamAddresses dimm_addresses(std::string_view xml);

}  // namespace guestdump::vmcore
