// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/recorded_cpu.h"

#include "dump/format/elf.h"

namespace vmcore {
namespace {

/// Of the descriptor on x86-64; i386 has another. [linux include/linux/elfcore.h]
constexpr size_t kPrstatus64 = 336;

}  // namespace

void RecordedCpu::append_prstatus(const dump::ArchDumpInfo& arch, uint32_t index,
                                  dump::NoteBuilder& out) const {
    const bool is_of_arch = (prstatus_.size() == kPrstatus64) == (arch.machine == dump::kEmX86_64);
    if (!is_of_arch) return cpu_.append_prstatus(arch, index, out);
    out.append("CORE", dump::format::kNtPrstatus, prstatus_);
}

}  // namespace vmcore
