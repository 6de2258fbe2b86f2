// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/recorded_cpu.h"

#include "format/elf.h"

namespace guestdump::vmcore {
namespace {

/// Of the descriptor on x86-64; i386 has another. [linux include/linux/elfcore.h]
constexpr size_t kPrstatus64 = 336;

}  // namespace

void RecordedCpu::append_prstatus(const guest::ArchDumpInfo& arch, uint32_t index,
                                  guest::NoteBuilder& out) const {
    const bool is_of_arch =
        (prstatus_.size() == kPrstatus64) == (arch.machine == format::kEmX86_64);
    if (!is_of_arch) return cpu_.append_prstatus(arch, index, out);
    out.append("CORE", format::kNtPrstatus, prstatus_);
}

}  // namespace guestdump::vmcore
