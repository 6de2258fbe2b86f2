// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <vector>

#include "qapi/types.h"
#include "tools/guestdump/command_options.h"

namespace guestdump::tools {

/// The options of commands that make a dump. Must outlive the parsing of their entries.
class DumpOptions {
  public:
    /// Without the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// What was asked for, of the form that a machine's monitor takes it; protocol is left empty.
    /// Errors: a value that is no number, a format that there is not.
    Result<qapi::DumpGuestMemoryArguments> arguments() const;

  private:
    OptionText format_, begin_, length_, level_;
    gboolean paging_ = FALSE, no_share_ = FALSE, no_find_ = FALSE;
    int threads_ = 0;
    OptionText max_mappings_;
};

}  // namespace guestdump::tools
