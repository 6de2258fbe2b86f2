// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_session.h"
#include "tests/fuzz/monitor_input.h"

using namespace guestdump;

/// Interprets any bytes as input at a terminal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static fuzz::DumpingMachine vm;
    fuzz::CheckingWire wire;
    monitor::HmpSession session(vm.services, wire, true);
    session.receive(std::string_view(reinterpret_cast<const char*>(data), size), {});
    vm.loop.run_posted();
    return 0;
}
