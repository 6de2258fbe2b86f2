// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "qmp/qmp_client.h"
#include "tools/guestdump/command_options.h"

namespace guestdump::tools {

/// Options of the commands that work on a machine. Must outlive the parsing of the entries.
class MachineOptions {
  public:
    /// Does not include the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// Returns the path of the QMP socket. Errors: those of parse_socket().
    Result<std::string> socket() const { return parse_socket(qmp_); }

    /// True if the command line names a machine.
    bool given() const { return qmp_.get() != nullptr; }

    /// How to wait for a machine. If it is silent for 3 s, prints in the name of @command what is
    /// being waited for; --timeout ends the wait. Errors: no machine is named; --timeout is not
    /// positive.
    Result<qmp::Patience> patience(const char* command) const;

    /// Connects to the machine, and waits for it according to patience(). Errors: those of
    /// patience() and QmpClient.
    Result<std::unique_ptr<qmp::QmpClient>> connect(const char* command) const;

  private:
    OptionText qmp_;
    OptionText timeout_;
};

}  // namespace guestdump::tools
