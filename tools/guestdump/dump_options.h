// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <string>
#include <string_view>
#include <vector>

#include "qapi/types.h"
#include "tools/guestdump/command_options.h"

namespace guestdump::tools {

/// When to search memory for VMCOREINFO.
struct FindVmcoreinfo {
    bool search = true;    ///< if there is no note of it
    bool replace = false;  ///< also if there is one
};

/// Parses the value of --find-vmcoreinfo: missing, which is the default, never, or always. Errors:
/// anything else.
Result<FindVmcoreinfo> parse_find_vmcoreinfo(const OptionText& text);

/// Options of the commands that make a dump. Must outlive the parsing of the entries.
class DumpOptions {
  public:
    /// Does not include the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// Returns the arguments in the form of the monitor's command, with an empty protocol. Errors:
    /// a value that is not a number, an unknown format.
    Result<qapi::DumpGuestMemoryArguments> arguments() const;

    /// Checks that @output, a path or "-", is not a terminal, unless --force was given. Errors:
    /// those of refuse_terminal().
    Result<> check_output(const std::string& output) const;

    /// True if memory is to be searched for VMCOREINFO although there is a note of it.
    bool replaces_vmcoreinfo() const {
        return std::string_view(find_.get() ? find_.get() : "") == "always";
    }

  private:
    Result<std::optional<std::vector<qapi::DumpExclude>>> excluded() const;

    OptionText format_, begin_, length_, level_;
    gboolean paging_ = FALSE, no_share_ = FALSE, no_find_ = FALSE, force_ = FALSE;
    int threads_ = 0;
    OptionText max_mappings_, exclude_, dump_level_, find_;
};

}  // namespace guestdump::tools
