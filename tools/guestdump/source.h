// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <memory>
#include <string>
#include <vector>

#include "attach/emulator.h"
#include "attach/held_guest.h"
#include "tools/guestdump/command_options.h"
#include "tools/guestdump/input.h"
#include "tools/guestdump/machine_options.h"
#include "vmcore/vmcore.h"

namespace guestdump::tools {

/// The guest of a command: from a vmcore, or from a running machine whose guest is stopped until
/// release() is called or this object is destroyed. One thread, but vmcore() may be used by any.
class Source {
  public:
    /// Opens a vmcore in files. Errors: those of open_input().
    static Result<std::unique_ptr<Source>> of_files(const InputPaths& paths,
                                                    const InputOptions& options);
    /// Holds the guest of @emulator. Errors: those of attach::examine() and HeldGuest::enter().
    static Result<std::unique_ptr<Source>> of_machine(std::unique_ptr<attach::Emulator> emulator);

    /// The guest; valid as long as this object. A machine's memory can be read until release().
    const vmcore::Vmcore& vmcore() const { return file_ ? *file_ : held_->vmcore(); }
    /// The path of the first file or of the socket, or the domain's name.
    const std::string& name() const { return name_; }
    /// False for a vmcore in files.
    bool is_machine() const { return held_ != nullptr; }

    /// Makes vmcore() describe kernel number @number of those in its memory; @threads threads
    /// search for them. Errors: those of vmcore::choose_kernel(); the guest is that of a machine.
    Result<> choose_kernel(uint64_t number, unsigned threads);

    /// Call it after all memory has been read; ends the hold of a machine's guest. Errors: those of
    /// HeldGuest::check(); the data that was read must then be discarded. Does nothing for a file.
    Result<> release();

  private:
    Source() = default;

    std::string name_;
    std::unique_ptr<vmcore::Vmcore> file_;
    std::unique_ptr<attach::Emulator> emulator_;
    std::unique_ptr<attach::HeldGuest> held_;  ///< last, because it uses emulator_
};

/// The options that name a machine in place of a file. Must exist until the entries have been
/// parsed.
class SourceOptions {
  public:
    /// --qmp, --timeout, --domain and --connect, without the null entry at the end.
    std::vector<GOptionEntry> entries();

    /// True if the command line names a machine.
    bool names_machine() const { return qmp_.given() || domain_.get(); }

    /// Connects to the machine that the options name, or if they name none, to the one that
    /// GUESTDUMP_QMP names. @command: name of the command, for messages about waiting. Errors: no
    /// machine or two are named; it cannot be reached.
    Result<std::unique_ptr<attach::Emulator>> machine(const char* command) const;

    /// Connects as machine() does, and holds the guest. Errors: those of machine() and
    /// Source::of_machine().
    Result<std::unique_ptr<Source>> open_machine(const char* command) const;

    /// Opens the file that is the only operand or, if there are no operands, as open_machine()
    /// does.
    ///
    /// Errors: a file and a machine are named, or more than one file; those of Source.
    Result<std::unique_ptr<Source>> open(const std::vector<std::string>& operands,
                                         const InputOptions& options) const;

    /// Errors: both @files and a machine are named; none of them is named.
    Result<> check_with(const std::vector<std::string>& files) const;

  private:
    std::string uri() const;

    MachineOptions qmp_;
    OptionText domain_, connect_;
};

}  // namespace guestdump::tools
