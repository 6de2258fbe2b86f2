// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

/// The commands of guestdump. Each gets its own name as argv[0], writes what it was asked for to
/// stdout, and returns the process's exit status: 0; 1 where a file was found to be bad or to
/// differ; 128 and the number of the signal that cancelled it.

namespace guestdump::tools {

util::Result<int> info_command(int argc, char** argv);
util::Result<int> verify_command(int argc, char** argv);
util::Result<int> compare_command(int argc, char** argv);
util::Result<int> convert_command(int argc, char** argv);
util::Result<int> extract_command(int argc, char** argv);
util::Result<int> dump_command(int argc, char** argv);
util::Result<int> status_command(int argc, char** argv);
util::Result<int> stop_command(int argc, char** argv);
util::Result<int> cont_command(int argc, char** argv);

}  // namespace guestdump::tools
