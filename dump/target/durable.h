// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

/// The end of a target: what was written is on its way until these have said that it is there.

namespace guestdump::dump {

/// Brings the first @size bytes of a file or a block device to the disk, a piece at a time, so that
/// sync_target() after it has little left to do. Errors: those of sync_target(); "cancelled", soon
/// after @unwanted has become true.
util::Result<> write_back(int fd, off_t size, const std::string& name,
                          const std::function<bool()>& unwanted);

/// Makes durable what was written to a file or a block device. Errors: what could not be kept, with
/// errno; @name is for messages.
util::Result<> sync_target(int fd, const std::string& name);

/// True for what keeps bytes and may find later that it cannot: a file, a disk, a loop device.
bool is_storage(int fd);

/// Closes @fd, whatever comes of it. Errors: of what was written before (NFS, FUSE), with errno.
util::Result<> close_checked(util::UniqueFd fd, const std::string& name);

}  // namespace guestdump::dump
