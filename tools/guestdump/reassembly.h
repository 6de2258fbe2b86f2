// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dump/request.h"
#include "dump/target/new_file.h"
#include "tools/guestdump/input.h"

namespace guestdump::tools {

/// A kdump-compressed file that was read from a flattened stream into a new file in the folder of
/// the output. If it needs no conversion, it becomes the output, and no temporary copy is made.
struct Reassembly {
    std::unique_ptr<vmcore::Vmcore> vmcore;  ///< reads @file
    dump::NewFile file;
};

/// Reassembles all of @stream, if it is a flattened kdump-compressed file and @request may be
/// satisfied by the file inside it: @to is a new file, and a raw kdump-compressed file with all
/// pages as they are stored is requested. Otherwise reads nothing, and returns nothing.
///
/// Errors: those of dump::NewFile::create(), vmcore::reassemble() and vmcore::Vmcore::read().
Result<std::optional<Reassembly>> reassemble(vmcore::InputStream& stream, const std::string& to,
                                             const dump::Request& request,
                                             const InputOptions& options);

/// True if @request, whose pages can be copied as @vmcore stores them, asks for exactly the file of
/// @vmcore: there is nothing to mend in it, and nothing to add.
bool is_as_requested(const vmcore::Vmcore& vmcore, const dump::Request& request);

}  // namespace guestdump::tools
