// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>

#include "util/unique_fd.h"

namespace guestdump::vm {

Result<std::vector<std::byte>> read_file(const std::string& path, uint64_t most) {
    // O_NONBLOCK: otherwise opening a FIFO would wait for a writer.
    const util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status;
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return Error::from_errno(errno, "Could not open '%s'", path.c_str());
    if (!S_ISREG(status.st_mode)) return Error::make("'%s' is not a regular file", path.c_str());
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > most) {
        return Error::make("'%s' has %" PRIu64 " bytes, more than %" PRIu64, path.c_str(), size,
                           most);
    }
    std::vector<std::byte> bytes(size);
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t got = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading '%s'", path.c_str());
        if (got == 0)
            return Error::make("'%s' ends after %zu of %zu bytes", path.c_str(), done,
                               bytes.size());
        done += static_cast<size_t>(got);
    }
    return bytes;
}

}  // namespace guestdump::vm
