// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "monitor/transport/session.h"

namespace guestdump::monitor {

/// A client that speaks QEMU's qtest protocol, as far as its tests of QMP need it: the line
/// "endianness" is answered and all other lines are refused. [qemu softmmu/qtest.c]
class QtestSession final : public Session {
  public:
    /// Most bytes of a line. A longer line is refused as a whole.
    static constexpr size_t kMaxLine = 4096;

    explicit QtestSession(Wire& wire) : wire_(wire) {}

    void receive(std::string_view text, std::vector<util::UniqueFd> fds) override;

  private:
    Wire& wire_;
    std::string line_;  ///< the part of the line that has been received
};

}  // namespace guestdump::monitor
