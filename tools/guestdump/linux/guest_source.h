// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "qapi/json.h"
#include "tools/guestdump/source.h"
#include "util/cancellation.h"
#include "view/guest_look.h"

namespace guestdump::tools {

/// A guest whose kernel a command reads: from a vmcore, or from a running machine that is held.
struct OpenGuest {
    std::unique_ptr<Source> source;
    std::unique_ptr<view::GuestLook> look;  ///< after `source`, because it reads its memory
};

/// The options that log, ps, bt and report share. Must exist until the entries have been parsed.
class GuestOptions {
  public:
    /// @command: name of the command, for messages. @json_help: help text of --json. Both must
    /// outlive this.
    GuestOptions(const char* command, const char* json_help)
        : command_(command), json_help_(json_help) {}

    /// The entries of SourceOptions, --time-limit and --json, without the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// True if options name a machine, so that no operand names a file.
    bool names_machine() const { return from_.names_machine(); }

    /// Opens the guest that @files or the options name, and its kernel. @cancellation must outlive
    /// the result. Errors: those of SourceOptions::open() and GuestLook::open(); the time limit is
    /// out of range.
    Result<OpenGuest> open(const std::vector<std::string>& files,
                           const util::Cancellation& cancellation) const;

    /// Releases @source and prints the answer to stdout: @json with --json, otherwise @text.
    /// Returns the exit status: 0, or 1 if @incomplete is set, whose text is printed to stderr.
    /// Errors: those of Source::release(); nothing is then printed.
    Result<int> answer(Source& source, const qapi::Json& json, const std::string& text,
                       const std::optional<std::string>& incomplete) const;

  private:
    const char* command_;
    const char* json_help_;
    SourceOptions from_;
    double limit_ = 2;  ///< seconds
    gboolean json_ = FALSE;
};

/// The present state of @guest, which must be paused or unable to run. Errors: those of
/// Guest::arch_info().
Result<view::GuestMoment> moment_of(const guest::Guest& guest);

}  // namespace guestdump::tools
