// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/view/small_guest.h"

#include <cstdlib>

#include "target-i386/cpu.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::view {
namespace {

using linux_guest::SmallLinux;

constexpr uint64_t kImage = kSmallPhysical;

/// Page tables at 0, 0x1000 and 0x2000 that map the large page at kBase onto kImage.
support::Bytes page_tables() {
    support::Bytes tables(0x3000);
    support::put_le64(tables, 8 * 511, 0x1000 | 3);
    support::put_le64(tables, 0x1000 + 8 * 510, 0x2000 | 3);
    support::put_le64(tables, 0x2000 + 8 * 8, kImage | 0x83);
    return tables;
}

target_i386::Registers kernel_registers() {
    target_i386::Registers registers;
    registers.cr0 = target_i386::kCr0Paging | target_i386::kCr0ProtectedMode;
    registers.cr4 = target_i386::kCr4Pae;
    registers.efer = target_i386::kEferLongModeActive | target_i386::kEferLongModeEnable;
    registers.cs.selector = 0x10;
    return registers;
}

}  // namespace

GuestMoment small_moment(const SmallLinux& small) {
    support::ScriptedGuest guest;
    guest.add_ram(0, page_tables());
    guest.add_ram(kImage, small.image());

    target_i386::Registers first = kernel_registers();
    first.rip = SmallLinux::at(SmallLinux::kInterrupt + 4);
    first.rsp = SmallLinux::at(SmallLinux::kStacks + 0x3e00);
    first.gs.base = SmallLinux::kAreas;
    target_i386::Registers second = kernel_registers();
    second.cs.selector = 0x33;
    second.rip = 0x401000;
    second.rsp = 0x7ffffff0;
    second.kernel_gs_base = SmallLinux::kAreas + 0x1000;

    GuestMoment moment;
    moment.memory = guest.page_source();
    moment.cpus = {target_i386::make_cpu(first), target_i386::make_cpu(second)};
    moment.note = support::vmcoreinfo_note("OSRELEASE=6.1.0\nPAGESIZE=4096\n" + small.lines());
    return moment;
}

SmallLook::SmallLook(const SmallLinux& small, std::chrono::milliseconds limit) {
    auto opened = GuestLook::open(small_moment(small), {.threads = 1, .limit = limit}, never);
    if (!opened) std::abort();
    look = std::move(opened).take();
}

}  // namespace guestdump::view
