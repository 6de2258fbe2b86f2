// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace guestdump::attach {

/// One mapping of a process's memory, a line of /proc/PID/maps. [proc(5)]
struct MemoryMap {
    uint64_t start = 0, end = 0;  ///< addresses in the process
    bool readable = false;
    bool shared = false;  ///< writes go to the mapped object
    uint64_t offset = 0;  ///< offset of `start` in the mapped object, bytes
    dev_t device = 0;
    ino_t inode = 0;    ///< 0 if no object is mapped: the memory is anonymous
    std::string range;  ///< "start-end" as the kernel prints it: the name in /proc/PID/map_files
};

/// Parses @text, the contents of /proc/PID/maps. Ordered by address. Errors: a line does not have
/// the form that proc(5) describes.
Result<std::vector<MemoryMap>> parse_maps(std::string_view text);

}  // namespace guestdump::attach
