// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/linux/map_edits.h"

using namespace guestdump;

/// A Linux guest whose VMCOREINFO, page tables, sections and struct pages are changed by the input:
/// a byte for the level, then a MapEdit for each change. Page filtering must leave out what the
/// naive model does, or nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t kMostEdits = 64;
    if (size == 0) return 0;
    linux_guest::MapGuest guest;
    for (size_t i = 0; i < kMostEdits && 1 + (i + 1) * sizeof(linux_guest::MapEdit) <= size; ++i) {
        linux_guest::MapEdit edit;
        std::memcpy(&edit, data + 1 + i * sizeof edit, sizeof edit);
        apply(edit, guest);
    }
    bool trusted = false;
    const char* const fault =
        linux_guest::disagreement(guest, data[0] % 32, 1, data[0] < 224, trusted);
    if (fault) {
        std::fprintf(stderr, "%s\n", fault);
        std::abort();
    }
    return 0;
}
