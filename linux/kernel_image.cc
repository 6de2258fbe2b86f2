// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_image.h"

#include "linux/kernel_address.h"

namespace guestdump::linux_guest {
namespace {

/// Linux maps its image by pages of this size, and lets it begin at a multiple. [linux
/// arch/x86/Kconfig, PHYSICAL_ALIGN]
constexpr uint64_t kLargePage = uint64_t{2} << 20;
constexpr uint64_t kMapLast = kKernelMap64 + (kKernelMapSize64 - 1);

/// The last large page of the image from @first on that the tables at @root map as phys_base says.
/// There may be gaps before it, since Linux unmaps what only its start needed.
std::optional<uint64_t> last_mapped(uint64_t first, const guest::ArchDumpInfo& arch,
                                    const guest::Cpu& cpu, guest::Gpa root,
                                    const guest::PageSource& memory) {
    for (uint64_t page = kMapLast - (kLargePage - 1); page >= first; page -= kLargePage) {
        const std::optional<guest::Gpa> at = cpu.translate(guest::Gva{page}, memory, root);
        if (at && at == kernel_physical(guest::Gva{page}, arch)) return page;
    }
    return std::nullopt;
}

/// The image's last byte, of an image that begins at @first.
uint64_t last_byte(uint64_t first, const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                   std::span<const guest::Cpu> cpus, const guest::PageSource& memory) {
    const auto tables = vmcoreinfo.symbol("swapper_pg_dir");
    const auto root = tables ? kernel_physical(guest::Gva{*tables}, arch) : std::nullopt;
    for (const guest::Cpu& cpu : cpus) {
        const auto page = root ? last_mapped(first, arch, cpu, *root, memory) : std::nullopt;
        if (page) return *page + (kLargePage - 1);
    }
    return kMapLast;
}

}  // namespace

std::optional<guest::MemoryMapping> kernel_image(const Vmcoreinfo& vmcoreinfo,
                                                 const guest::ArchDumpInfo& arch,
                                                 std::span<const guest::Cpu> cpus,
                                                 const guest::PageSource& memory) {
    if (arch.machine != format::kEmX86_64 || !vmcoreinfo.number("phys_base")) return std::nullopt;
    const auto text = vmcoreinfo.symbol("_stext");
    if (!text || *text < kKernelMap64 || *text > kMapLast) return std::nullopt;
    const uint64_t first = *text / kLargePage * kLargePage;
    const auto phys = kernel_physical(guest::Gva{first}, arch);
    if (!phys || !memory.blocks().find(*phys)) return std::nullopt;
    const uint64_t length = last_byte(first, vmcoreinfo, arch, cpus, memory) - first + 1;
    if (!guest::GpaRange::make(*phys, length)) return std::nullopt;
    return guest::MemoryMapping{*phys, guest::Gva{first}, length};
}

}  // namespace guestdump::linux_guest
