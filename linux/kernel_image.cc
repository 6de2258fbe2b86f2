// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_image.h"

#include "linux/idt_handler.h"
#include "linux/kernel_address.h"

namespace guestdump::linux_guest {
namespace {

/// Linux maps its image with pages of this size; the image begins at a multiple of it. [linux
/// arch/x86/Kconfig, PHYSICAL_ALIGN]
constexpr uint64_t kLargePage = uint64_t{2} << 20;
constexpr uint64_t kMapLast = kKernelMap64 + (kKernelMapSize64 - 1);

/// End of the direct map of i386: 128 MiB are for vmalloc. [linux
/// arch/x86/include/asm/pgtable_32_areas.h]
constexpr uint64_t kDirectMapLast32 = 0xf7ffffff;

/// The last large page at or after @first that the tables at @root map to the address expected from
/// phys_base. There may be gaps before it, because Linux may unmap its init sections after boot.
std::optional<uint64_t> last_mapped(uint64_t first, const guest::ArchDumpInfo& arch,
                                    const guest::Cpu& cpu, guest::Gpa root,
                                    const guest::PageSource& memory) {
    for (uint64_t page = kMapLast - (kLargePage - 1); page >= first; page -= kLargePage) {
        const std::optional<guest::Gpa> at = cpu.translate(guest::Gva{page}, memory, root);
        if (at && at == kernel_physical(guest::Gva{page}, arch)) return page;
    }
    return std::nullopt;
}

/// The last byte of an image that begins at @first.
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

/// The kernel's direct map of i386, from the image on. VMCOREINFO does not say where the direct map
/// begins, so a vCPU has to confirm it.
std::optional<guest::MemoryMapping> image_32(const Vmcoreinfo& vmcoreinfo,
                                             const guest::ArchDumpInfo& arch,
                                             std::span<const guest::Cpu> cpus,
                                             const guest::PageSource& memory) {
    const auto text = vmcoreinfo.symbol("_stext"), tables = vmcoreinfo.symbol("swapper_pg_dir");
    const auto root = tables ? kernel_physical(guest::Gva{*tables}, arch) : std::nullopt;
    if (!text || !root || *text > kDirectMapLast32) return std::nullopt;
    const uint64_t first = *text / kLargePage * kLargePage;
    const auto phys = kernel_physical(guest::Gva{first}, arch);
    if (!phys || !memory.blocks().find(*phys)) return std::nullopt;
    for (const guest::Cpu& cpu : cpus) {
        uint64_t end = first;
        while (end < kDirectMapLast32 && cpu.translate(guest::Gva{end}, memory, *root) ==
                                             kernel_physical(guest::Gva{end}, arch)) {
            end += kLargePage;
        }
        if (end > first) return guest::MemoryMapping{*phys, guest::Gva{first}, end - first};
    }
    return std::nullopt;
}

}  // namespace

std::optional<guest::MemoryMapping> kernel_image(const Vmcoreinfo& vmcoreinfo,
                                                 const guest::ArchDumpInfo& arch,
                                                 std::span<const guest::Cpu> cpus,
                                                 const guest::PageSource& memory) {
    if (arch.machine == format::kEm386) return image_32(vmcoreinfo, arch, cpus, memory);
    if (arch.machine != format::kEmX86_64) return std::nullopt;
    if (!phys_base_of(vmcoreinfo, idt_handlers(cpus, memory), arch)) return std::nullopt;
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
