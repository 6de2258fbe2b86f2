// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/nameless_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace guestdump::util {

Result<UniqueFd> make_nameless_file(const std::string& directory) {
    constexpr mode_t kMode = 0600;
    UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode));
    if (fd) return fd;
    // Not every file system has files without a name.
    if (errno == EOPNOTSUPP || errno == EISDIR) {
        std::string path = directory + "/guestdump-XXXXXX";
        fd.reset(::mkostemp(path.data(), O_CLOEXEC));
        if (fd) {
            ::unlink(path.c_str());
            return fd;
        }
    }
    return Error::from_errno(errno,
                             "creating a temporary file in '%s' (TMPDIR names another "
                             "directory)",
                             directory.c_str());
}

}  // namespace guestdump::util
