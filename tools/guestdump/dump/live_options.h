// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <vector>

#include "qapi/types.h"
#include "tools/guestdump/command_options.h"

namespace guestdump::tools {

/// The options of live dumps, during which the guest runs. Must exist until the entries have been
/// parsed.
class LiveOptions {
  public:
    /// The entries, without the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// Removes the value of "--live=force", because an option of GLib either always has a value or
    /// never. Call it before the options are parsed. Errors: another value.
    Result<> take_value(int argc, char** argv);

    /// True for --live=force: also with a QEMU whose guest hangs if its stream breaks.
    bool forced() const { return forced_; }

    /// Adds the given options to @arguments. Errors: a value is not a number.
    Result<> add_to(qapi::DumpGuestMemoryArguments& arguments) const;

  private:
    gboolean live_ = FALSE, fallback_ = FALSE;
    bool forced_ = false;
    OptionText memory_;
};

}  // namespace guestdump::tools
