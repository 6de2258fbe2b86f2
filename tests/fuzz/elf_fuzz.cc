// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/vmcore_input.h"

using namespace guestdump;

/// Reads any bytes as a vmcore, whatever they begin with. The seeds are ELF files.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto vmcore = vmcore::Vmcore::read(fuzz::source_of(data, size));
    if (vmcore) fuzz::look_at(**vmcore);
    return 0;
}
