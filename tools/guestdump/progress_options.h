// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <vector>

#include "tools/guestdump/command_options.h"
#include "util/result.h"

namespace guestdump::tools {

/// What a command prints on stderr about its progress.
enum class ProgressStyle {
    people,  ///< a bar on a terminal, otherwise lines of text
    quiet,   ///< nothing
    json,    ///< ProgressReport of qapi/guestdump.json, one line each
};

/// The options --quiet and --progress. Must outlive the parsing of the entries.
class ProgressOptions {
  public:
    /// Does not include the null entry at the end. @quiet_help: what --help prints about --quiet.
    std::vector<GOptionEntry> entries(const char* quiet_help);

    /// Errors: an unknown value of --progress; --quiet with --progress=json.
    Result<ProgressStyle> style() const;

  private:
    gboolean quiet_ = FALSE;
    OptionText progress_;
};

}  // namespace guestdump::tools
