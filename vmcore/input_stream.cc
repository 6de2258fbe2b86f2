// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/input_stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "util/wakeup.h"

namespace guestdump::vmcore {

Result<size_t> InputStream::fill(std::span<std::byte> buffer) const {
    size_t filled = 0;
    while (filled < buffer.size()) {
        // The descriptor may be one that does not wait.
        TRY(util::wait_for(fd_.get(), POLLIN, -1));
        const ssize_t got = ::read(fd_.get(), buffer.data() + filled, buffer.size() - filled);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) return Error::from_errno(errno, "reading '%s'", name_.c_str());
        if (got == 0) break;
        filled += static_cast<size_t>(got);
    }
    return filled;
}

Result<std::span<const std::byte>> InputStream::peek(size_t size) {
    const size_t had = peeked_.size();
    if (had < size) {
        peeked_.resize(size);
        const size_t got = TRY(fill(std::span(peeked_).subspan(had)));
        peeked_.resize(had + got);
    }
    return std::span<const std::byte>(peeked_).first(std::min(size, peeked_.size()));
}

Result<size_t> InputStream::read(std::span<std::byte> buffer) {
    const size_t known = std::min(buffer.size(), peeked_.size());
    std::copy_n(peeked_.begin(), known, buffer.begin());
    peeked_.erase(peeked_.begin(), peeked_.begin() + static_cast<std::ptrdiff_t>(known));
    const size_t got = TRY(fill(buffer.subspan(known)));
    return known + got;
}

}  // namespace guestdump::vmcore
