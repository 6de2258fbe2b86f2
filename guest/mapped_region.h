// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "guest/ram_region.h"
#include "util/unique_fd.h"

namespace guestdump::guest {

/// Guest RAM that is mapped into this process.
class MappedRegion final : public RamRegion {
  public:
    /// How the memory was mapped.
    enum class Kind : uint8_t {
        /// Any way. All of it is read.
        any,
        /// MAP_PRIVATE | MAP_ANONYMOUS: pages that were never touched are zero, and are not read.
        anonymous,
    };

    /// @size bytes from @host on, which must stay mapped as long as this exists. A file that is
    /// mapped there must not become shorter: reading it would raise SIGBUS. @name is for messages.
    MappedRegion(std::string name, const void* host, uint64_t size, Kind kind = Kind::any);
    ~MappedRegion() override;
    MappedRegion(const MappedRegion&) = delete;
    MappedRegion& operator=(const MappedRegion&) = delete;

    std::string_view name() const override { return name_; }
    uint64_t size() const override { return size_; }
    util::Result<> read(uint64_t offset, std::span<std::byte> out) const override;
    const std::byte* mapped() const override { return host_; }
    RamExtent extent(uint64_t offset, uint64_t limit) const override;

  private:
    std::string name_;
    const std::byte* host_;
    uint64_t size_;
    util::UniqueFd pagemap_;  ///< empty if every page is to be read
};

}  // namespace guestdump::guest
