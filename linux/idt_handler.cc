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

namespace {

bool is_in_image(const IdtHandler& handler, const Vmcoreinfo& vmcoreinfo) {
    const auto text = vmcoreinfo.symbol("_stext");
    return text && handler.virt.value >= *text && handler.virt.value - *text < kKernelMapSize64;
}

}  // namespace

std::optional<guest::Gpa> phys_base_of(const Vmcoreinfo& vmcoreinfo,
                                       std::span<const IdtHandler> handlers,
                                       const guest::ArchDumpInfo& arch) {
    if (const auto number = vmcoreinfo.number("phys_base")) return guest::Gpa{*number};
    if (arch.machine != format::kEmX86_64) return std::nullopt;
    for (const IdtHandler& handler : handlers) {
        // phys_base may be negative. The subtraction then wraps around, which gives the right
        // result.
        if (is_in_image(handler, vmcoreinfo) && handler.virt.value >= kKernelMap64)
            return guest::Gpa{handler.phys.value - (handler.virt.value - kKernelMap64)};
    }
    return std::nullopt;
}

bool is_of_kernel(const IdtHandler& handler, const Vmcoreinfo& vmcoreinfo,
                  const guest::ArchDumpInfo& arch) {
    return is_in_image(handler, vmcoreinfo) && kernel_physical(handler.virt, arch) == handler.phys;
}

}  // namespace guestdump::linux_guest
