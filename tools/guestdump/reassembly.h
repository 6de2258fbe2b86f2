// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "dump/request.h"
#include "dump/target/new_file.h"
#include "tools/guestdump/input.h"
#include "tools/guestdump/signal_watch.h"

namespace guestdump::tools {

/// A flattened kdump-compressed stream whose file was put together in the output, which has no name
/// yet. If that file is what was asked for, it is written once, and there is no temporary copy.
class Reassembly {
  public:
    /// True if the file inside @stream may be the output @to of @request as it is: a raw
    /// kdump-compressed file, all of it. Errors: those of vmcore::carries_kdump().
    static Result<bool> may_be_output(vmcore::InputStream& stream, const std::string& to,
                                      const dump::Request& request);

    /// Reads @stream to its end. Main thread; no other thread has been started. Errors: those of
    /// dump::NewFile::create(), vmcore::reassemble() and vmcore::Vmcore::read(); cancelled, see
    /// signal().
    Result<> read(vmcore::InputStream stream, const std::string& to, const InputOptions& options);

    vmcore::Vmcore& vmcore() { return *vmcore_; }

    /// True if @request asks for exactly the file that was read.
    bool is_output(const dump::Request& request) const;

    /// Gives the file its name. Errors: those of dump::NewFile::commit().
    Result<> commit();

    /// Lets signals end the program again. The file keeps no name.
    void end_watch() { watch_.reset(); }

    /// The signal that cancelled; empty if there was none.
    std::optional<int> signal() const { return watch_ ? watch_->taken() : std::nullopt; }

  private:
    std::optional<util::Wakeup> stop_;
    std::atomic<bool> unwanted_{false};
    std::optional<dump::NewFile> file_;
    std::unique_ptr<vmcore::Vmcore> vmcore_;  ///< reads @file_
    std::unique_ptr<SignalWatch> watch_;      ///< last: its thread uses the other members
};

}  // namespace guestdump::tools
