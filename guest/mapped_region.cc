// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/mapped_region.h"

#include <fcntl.h>

#include <cinttypes>
#include <cstring>
#include <utility>

#include "guest/pagemap_extent.h"

namespace guestdump::guest {

MappedRegion::MappedRegion(std::string name, const void* host, uint64_t size, Kind kind)
    : name_(std::move(name)), host_(static_cast<const std::byte*>(host)), size_(size) {
    // Without /proc nothing is known about pages, and all of them are read.
    if (kind == Kind::anonymous) pagemap_.reset(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
}

MappedRegion::~MappedRegion() = default;

util::Result<> MappedRegion::read(uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset) {
        return Error::make("0x%zx bytes at 0x%" PRIx64 " of '%s' end beyond its 0x%" PRIx64
                           " bytes",
                           out.size(), offset, name_.c_str(), size_);
    }
    std::memcpy(out.data(), host_ + offset, out.size());
    return {};
}

RamExtent MappedRegion::extent(uint64_t offset, uint64_t limit) const {
    if (!pagemap_) return RamExtent{.length = limit - offset, .populated = true};
    return pagemap_extent(pagemap_.get(), host_, offset, limit, false);
}

}  // namespace guestdump::guest
