// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kernel_image.h"

#include "dump/kernel_address.h"

namespace dump {
namespace {

/// Linux maps its image by pages of this size, and lets it begin at a multiple. [linux
/// arch/x86/Kconfig, PHYSICAL_ALIGN]
constexpr uint64_t kLargePage = uint64_t{2} << 20;
constexpr uint64_t kMapLast = kKernelMap64 + (kKernelMapSize64 - 1);

/// The last large page of the image from @first on that the tables at @root map as phys_base says.
/// There may be gaps before it, since Linux unmaps what only its start needed.
std::optional<uint64_t> last_mapped(uint64_t first, const ArchDumpInfo& arch, const Cpu& cpu,
                                    Gpa root, const GuestPhysBlockList& memory) {
    for (uint64_t page = kMapLast - (kLargePage - 1); page >= first; page -= kLargePage) {
        const std::optional<Gpa> at = cpu.translate(Gva{page}, memory, root);
        if (at && at == kernel_physical(Gva{page}, arch)) return page;
    }
    return std::nullopt;
}

/// The image's last byte, of an image that begins at @first.
uint64_t last_byte(uint64_t first, const Vmcoreinfo& vmcoreinfo, const ArchDumpInfo& arch,
                   const std::vector<const Cpu*>& cpus, const GuestPhysBlockList& memory) {
    const auto tables = vmcoreinfo.symbol("swapper_pg_dir");
    const auto root = tables ? kernel_physical(Gva{*tables}, arch) : std::nullopt;
    for (const Cpu* cpu : cpus) {
        const auto page = root ? last_mapped(first, arch, *cpu, *root, memory) : std::nullopt;
        if (page) return *page + (kLargePage - 1);
    }
    return kMapLast;
}

}  // namespace

std::optional<MemoryMapping> kernel_image(const Vmcoreinfo& vmcoreinfo, const ArchDumpInfo& arch,
                                          const std::vector<const Cpu*>& cpus,
                                          const GuestPhysBlockList& memory) {
    if (arch.machine != kEmX86_64 || !vmcoreinfo.number("phys_base")) return std::nullopt;
    const auto text = vmcoreinfo.symbol("_stext");
    if (!text || *text < kKernelMap64 || *text > kMapLast) return std::nullopt;
    const uint64_t first = *text / kLargePage * kLargePage;
    const auto phys = kernel_physical(Gva{first}, arch);
    if (!phys || !memory.find(*phys)) return std::nullopt;
    const uint64_t length = last_byte(first, vmcoreinfo, arch, cpus, memory) - first + 1;
    if (!GpaRange::make(*phys, length)) return std::nullopt;
    return MemoryMapping{*phys, Gva{first}, length};
}

}  // namespace dump
