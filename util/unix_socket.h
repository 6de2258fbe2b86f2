// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "util/result.h"
#include "util/unique_fd.h"

namespace guestdump::util {

/// A socket that listens at @path, where a socket that nobody listens on any more is replaced. Only
/// the user of this process can connect, whatever the umask, until somebody changes its mode.
///
/// Errors: the path is too long for a socket address, somebody listens there, something else than a
/// socket is there, the directory cannot be written to.
util::Result<util::UniqueFd> listen_at(const std::string& path);

/// A socket connected to @path. Errors: the path is too long, nobody listens there.
util::Result<util::UniqueFd> connect_to(const std::string& path);

/// Errors: @fd is not open, or not a socket that listens.
util::Result<> check_listens(int fd);

/// The next client of @listener, which must be non-blocking; an empty descriptor where there is
/// none.
util::UniqueFd accept_client(int listener);

}  // namespace guestdump::util
