// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "monitor/transport/session.h"

namespace guestdump::monitor {

/// A client that speaks QEMU's qtest protocol, as far as its tests of QMP need it: a line asks for
/// the byte order of the target, all other lines are refused. [qemu softmmu/qtest.c]
class QtestSession final : public Session {
  public:
    /// Bytes that a line may have; what is longer is refused as a whole.
    static constexpr size_t kMaxLine = 4096;

    explicit QtestSession(Wire& wire) : wire_(wire) {}

    void receive(std::string_view text, std::vector<util::UniqueFd> fds) override;

  private:
    Wire& wire_;
    std::string line_;  ///< what was read of it
};

}  // namespace guestdump::monitor
