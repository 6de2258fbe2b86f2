// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace guestdump::vm {

/// A device that answers at ports of the guest. Called on vCPU threads, possibly several at once.
class PortDevice {
  public:
    virtual ~PortDevice() = default;

    /// Executes an IN of 1, 2 or 4 bytes. False: no device is at @port; @out is unchanged.
    virtual bool read_port(uint16_t port, std::span<std::byte> out) = 0;

    /// Executes an OUT of 1, 2 or 4 bytes. False: no device is at @port.
    virtual bool write_port(uint16_t port, std::span<const std::byte> data) = 0;
};

}  // namespace guestdump::vm
