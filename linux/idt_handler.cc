// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/idt_handler.h"

#include "linux/kernel_address.h"

namespace guestdump::linux_guest {

std::vector<IdtHandler> idt_handlers(std::span<const guest::Cpu> cpus,
                                     const guest::PageSource& memory) {
    std::vector<IdtHandler> list;
    for (const guest::Cpu& cpu : cpus) {
        const std::optional<guest::Gva> virt = cpu.first_handler(memory);
        const std::optional<guest::Gpa> phys = virt ? cpu.translate(*virt, memory) : std::nullopt;
        if (phys) list.push_back({*virt, *phys});
    }
    return list;
}

bool may_be_linux(const IdtHandler& handler, const guest::ArchDumpInfo& arch) {
    const uint64_t last =
        arch.machine == format::kEmX86_64 ? kKernelMap64 + (kKernelMapSize64 - 1) : UINT32_MAX;
    return kernel_physical(handler.virt, arch) && handler.virt.value <= last;
}

bool is_of_kernel(const IdtHandler& handler, const Vmcoreinfo& vmcoreinfo,
                  const guest::ArchDumpInfo& arch) {
    const auto text = vmcoreinfo.symbol("_stext");
    return text && handler.virt.value >= *text && handler.virt.value - *text < kKernelMapSize64 &&
           kernel_physical(handler.virt, arch) == handler.phys;
}

}  // namespace guestdump::linux_guest
