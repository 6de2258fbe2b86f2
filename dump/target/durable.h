// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

/// These functions make a finished target durable. Until they succeed, written data may be lost.

namespace guestdump::dump {

/// Writes the first @size bytes of a file or a block device to the disk, one piece at a time, so
/// that the following sync_target(), which cannot be cancelled, is short. Errors: those of
/// sync_target(); "cancelled", soon after @unwanted returns true.
util::Result<> write_back(int fd, off_t size, const std::string& name,
                          const std::function<bool()>& unwanted);

/// Makes the data written to a file or a block device durable. @name is for messages. Errors: data
/// could not be stored, with errno.
util::Result<> sync_target(int fd, const std::string& name);

/// True for files, disks and loop devices: they accept data and may later fail to store it.
bool is_storage(int fd);

/// Closes @fd in any case. Errors: an earlier write failed (NFS, FUSE), with errno.
util::Result<> close_checked(util::UniqueFd fd, const std::string& name);

}  // namespace guestdump::dump
