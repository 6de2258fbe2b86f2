// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/vmcore_input.h"

using namespace guestdump;

/// Reads any bytes as a vmcore, with the option partial for every second size. The seeds are
/// migration streams and libvirt save images.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const vmcore::OpenOptions options{.partial = size % 2 != 0};
    const auto vmcore = vmcore::Vmcore::read(fuzz::source_of(data, size), options);
    if (vmcore) fuzz::look_at(**vmcore);
    return 0;
}
