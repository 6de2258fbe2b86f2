// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <span>

#include "attach/memory_maps.h"
#include "attach/process.h"
#include "guest/file_runs.h"
#include "util/unique_fd.h"

namespace guestdump::attach {

/// A file, memfd or shared memory object that a process has mapped. It is read by pread(), so that
/// a file that is truncated meanwhile causes an Error. A mapping of it would cause SIGBUS. Any
/// thread.
class MappedObject {
  public:
    /// Opens the object that @map maps: by /proc/PID/map_files, or if that fails by a descriptor of
    /// the process. Errors: neither can be opened.
    static Result<std::unique_ptr<MappedObject>> open(const Process& process, const MemoryMap& map);

    /// Copies the bytes at @address of the process to @out. Errors: those of pread(); the object
    /// has become too short.
    Result<> read(uint64_t address, std::span<std::byte> out) const;

    /// True in `populated` for data, false for a hole, by SEEK_DATA. Beyond the end of the object
    /// it is true, so that read() reports the error.
    guest::RamExtent extent(uint64_t address, uint64_t limit) const;

  private:
    MappedObject(util::UniqueFd fd, const MemoryMap& map);

    uint64_t offset_of(uint64_t address) const { return offset_ + (address - start_); }

    util::UniqueFd fd_;
    uint64_t start_, offset_;  ///< address start_ of the process is at offset_ of the object
    std::string range_;        ///< for messages
    guest::FileRuns runs_;
};

}  // namespace guestdump::attach
