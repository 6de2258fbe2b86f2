// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dump/request.h"
#include "dump/target/new_file.h"
#include "tools/guestdump/input.h"

namespace guestdump::tools {

/// A kdump-compressed file that came as a flattened stream, and was put together in the file that
/// will be the output. If it is what was asked for, it is written once, and there is no temporary
/// copy.
struct Reassembly {
    std::unique_ptr<vmcore::Vmcore> vmcore;  ///< reads @file
    dump::NewFile file;
};

/// Reads @stream to its end, if the file inside it may be the output @to of @request as it is: a
/// raw kdump-compressed file, all of it. Otherwise reads nothing, and returns nothing.
///
/// Errors: those of dump::NewFile::create(), vmcore::reassemble() and vmcore::Vmcore::read().
Result<std::optional<Reassembly>> reassemble(vmcore::InputStream& stream, const std::string& to,
                                             const dump::Request& request,
                                             const InputOptions& options);

/// True if @request, whose pages can be copied as @vmcore stores them, asks for exactly the file of
/// @vmcore: there is nothing to mend in it, and nothing to add.
bool is_as_requested(const vmcore::Vmcore& vmcore, const dump::Request& request);

}  // namespace guestdump::tools
