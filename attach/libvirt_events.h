// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libvirt/libvirt.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace guestdump::attach {

/// The events STOP and RESUME of a domain's QEMU, as libvirt passes them on. One thread.
class LibvirtEvents {
  public:
    /// Makes connections that are opened from now on able to pass on events. May be called again.
    /// Errors: libvirt's.
    static Result<> prepare();

    /// Begins to keep the events of @domain, which was opened by @connection after prepare(). Both
    /// must outlive this. Errors: libvirt's.
    static Result<std::unique_ptr<LibvirtEvents>> of(virConnectPtr connection, virDomainPtr domain);

    ~LibvirtEvents();
    LibvirtEvents(const LibvirtEvents&) = delete;
    LibvirtEvents& operator=(const LibvirtEvents&) = delete;

    /// As Emulator::keep_watching(): answers libvirtd's keepalive messages, which come every 5 s.
    void serve();

    /// As Emulator::take_event().
    Result<std::optional<int64_t>> take(std::string_view name, std::chrono::milliseconds patience);

  private:
    struct Event {
        std::string name;
        int64_t time_us;  ///< microseconds since 1970
    };

    explicit LibvirtEvents(virConnectPtr connection) : connection_(connection) {}

    std::optional<int64_t> take_kept(std::string_view name);
    bool run_loop(std::chrono::milliseconds most);

    virConnectPtr connection_;
    int callback_ = -1;
    int timer_ = -1;  ///< ends waits
    std::deque<Event> events_{};
};

}  // namespace guestdump::attach
