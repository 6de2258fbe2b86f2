// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "util/result.h"

/// The commands of guestdump. Each gets its own name as argv[0], writes its results to stdout, and
/// returns the exit status of the process: 0; 1 if a file is bad or different or an answer about a
/// guest is incomplete; 128 plus the number of the signal that cancelled it.

namespace guestdump::tools {

util::Result<int> info_command(int argc, char** argv);
util::Result<int> verify_command(int argc, char** argv);
util::Result<int> compare_command(int argc, char** argv);
util::Result<int> convert_command(int argc, char** argv);
util::Result<int> extract_command(int argc, char** argv);
util::Result<int> dump_command(int argc, char** argv);
util::Result<int> log_command(int argc, char** argv);
util::Result<int> ps_command(int argc, char** argv);
util::Result<int> bt_command(int argc, char** argv);
util::Result<int> report_command(int argc, char** argv);
util::Result<int> status_command(int argc, char** argv);
util::Result<int> stop_command(int argc, char** argv);
util::Result<int> cont_command(int argc, char** argv);

}  // namespace guestdump::tools
