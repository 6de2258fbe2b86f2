// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "dump/writer.h"

namespace guestdump::dump {

/// Converts the output of @inner to a flattened stream, which needs no seeking.
std::unique_ptr<VmcoreWriter> make_flattened_writer(std::unique_ptr<VmcoreWriter> inner);

}  // namespace guestdump::dump
