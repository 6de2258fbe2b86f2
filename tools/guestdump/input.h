// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/guestdump/command_progress.h"
#include "vmcore/input_stream.h"
#include "vmcore/vmcore.h"

namespace guestdump::tools {

/// How a command opens its vmcores.
struct InputOptions {
    const char* command = "";  ///< its name, for what is printed
    /// Decides how it is printed that a stream is being copied or unpacked; nullptr: for people.
    CommandProgress* progress = nullptr;
    vmcore::OpenOptions open{};
};

/// The paths of one vmcore: one, or those of the files of a split set.
using InputPaths = std::vector<std::string>;

/// Divides operands into vmcores: files of one split set that follow each other are one. Streams
/// are not looked at, and stand alone; so do files that cannot be opened.
std::vector<InputPaths> group_operands(std::span<const std::string> operands);

/// Opens @path if it is a stream: a FIFO (waits for a writer), or "-" or /dev/stdin if stdin is not
/// a file. Empty if @path is a file or does not exist.
///
/// Errors: the FIFO cannot be opened; stdin is a terminal.
Result<std::optional<vmcore::InputStream>> open_stream(const std::string& path);

/// Opens the vmcore @paths. A path may be a FIFO, or "-" or /dev/stdin for stdin. A stream is first
/// copied into a temporary file, and a compressed file is unpacked into one, which is said on
/// stderr: vmcores are read at random.
///
/// Errors: those of Vmcore::open() and Vmcore::read(), open_stream() and vmcore::copy_stream().
Result<std::unique_ptr<vmcore::Vmcore>> open_input(const InputPaths& paths,
                                                   const InputOptions& options);
/// As above, from a stream.
Result<std::unique_ptr<vmcore::Vmcore>> open_input(vmcore::InputStream stream,
                                                   const InputOptions& options);

}  // namespace guestdump::tools
