// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace guestdump::guest {

/// A note of the file that a guest is read from, which a dump of the guest carries as it is.
struct RecordedNote {
    std::string name;
    std::vector<std::byte> whole;  ///< header, name and descriptor
    size_t descriptor = 0;         ///< offset of the descriptor in @whole; it reaches to the end
};

/// The notes that describe neither vCPUs nor VMCOREINFO, in their order. For a guest whose
/// architecture has no functions here, those about vCPUs too: nobody interprets them.
struct RecordedNotes {
    std::vector<RecordedNote> before, after;  ///< VMCOREINFO
    uint32_t cpu_count = 0;                   ///< vCPUs that are only in these notes
    /// VMCOREINFO was not among the notes of a kdump file; then it is not in a copy either.
    bool vmcoreinfo_apart = false;
};

}  // namespace guestdump::guest
