// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "monitor/qmp/qmp_session.h"
#include "tests/fuzz/monitor_input.h"

using namespace guestdump;

/// Interprets any bytes as the input from a QMP client, in pieces, before and after the handshake.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static fuzz::DumpingMachine vm;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    fuzz::CheckingWire wire;
    monitor::QmpSession session(vm.services, wire);
    for (size_t piece = 1; !text.empty(); piece = piece * 2 + 1) {
        session.receive(text.substr(0, piece), {});
        text.remove_prefix(std::min(piece, text.size()));
        vm.loop.run_posted();
    }
    if (!wire.ended()) std::abort();
    return 0;
}
