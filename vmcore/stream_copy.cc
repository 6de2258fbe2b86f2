// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/stream_copy.h"

#include <vector>

namespace guestdump::vmcore {

Result<std::shared_ptr<const FileSource>> copy_stream(
    InputStream stream, const std::function<void(uint64_t bytes)>& progress) {
    constexpr size_t kBuffer = size_t{1} << 20;
    NamelessFile copy = TRY(NamelessFile::create(stream.name()));
    std::vector<std::byte> buffer(kBuffer);
    while (true) {
        const size_t got = TRY(stream.read(buffer));
        if (got == 0) break;
        TRY(copy.append(std::span(buffer).first(got)));
        if (progress) progress(copy.size());
    }
    return std::move(copy).finish();
}

}  // namespace guestdump::vmcore
