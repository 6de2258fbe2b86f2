// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// Returns a socket that listens at @path. Replaces a socket there on which nobody listens any
/// more. Only the user of this process can connect, whatever the umask, until somebody changes the
/// mode.
///
/// Errors: the path is too long for a socket address; somebody listens there; something other than
/// a socket is there; the directory is not writable.
util::Result<util::UniqueFd> listen_at(const std::string& path);

/// Returns a socket connected to @path. Waits if the listener's queue is full. Errors: the path is
/// too long; nobody listens there.
util::Result<util::UniqueFd> connect_to(const std::string& path);

/// As connect_to(), but does not wait: an empty descriptor means that the listener's queue is full.
util::Result<util::UniqueFd> try_connect_to(const std::string& path);

/// Errors: @fd is not open, or is not a listening socket.
util::Result<> check_listens(int fd);

/// Accepts the next client of @listener, which must be non-blocking. Returns an empty descriptor if
/// there is none.
util::UniqueFd accept_client(int listener);

}  // namespace guestdump::util
