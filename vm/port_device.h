// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestdump::vm {

/// What answers at ports of the guest. Called on vCPUs' threads, by several at once.
class PortDevice {
  public:
    virtual ~PortDevice() = default;

    /// An IN of 1, 2 or 4 bytes. False: nothing is at @port; @out is untouched.
    virtual bool read_port(uint16_t port, std::span<std::byte> out) = 0;

    /// An OUT of 1, 2 or 4 bytes. False: nothing is at @port.
    virtual bool write_port(uint16_t port, std::span<const std::byte> data) = 0;
};

}  // namespace guestdump::vm
