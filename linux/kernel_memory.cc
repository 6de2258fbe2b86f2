// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_memory.h"

#include <algorithm>
#include <cinttypes>
#include <initializer_list>

#include "linux/idt_handler.h"
#include "linux/kernel_address.h"
#include "util/result.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gpa;
using guest::Gva;

constexpr unsigned kSmallShift = 12, kLargeShift = 21;
constexpr uint64_t kLargePage = uint64_t{1} << kLargeShift;
/// With page table isolation, the top table for user mode is the page after the one for kernel
/// mode. [linux arch/x86/include/asm/pgtable.h PTI_PGTABLE_SWITCH_BIT]
constexpr uint64_t kUserTwin = uint64_t{1} << 12;

std::optional<Gva> symbol(const Vmcoreinfo& vmcoreinfo,
                          std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (const auto address = vmcoreinfo.symbol(name)) return Gva{*address};
    }
    return std::nullopt;
}

}  // namespace

/// Tries the tables that may be the kernel's.
class KernelTableSearch {
  public:
    KernelTableSearch(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                      std::span<const guest::Cpu> cpus, const guest::PageSource& memory)
        : cpus_(cpus),
          text_(symbol(vmcoreinfo, {"_stext"})),
          top_(symbol(vmcoreinfo, {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"})),
          phys_base_(vmcoreinfo.number("phys_base")),
          presumed_base_(phys_base_of(vmcoreinfo, idt_handlers(cpus, memory), arch)),
          found_(cpus.front().architecture(), memory) {
        found_.tables_.encryption_bits = vmcoreinfo.number("sme_mask").value_or(0);
        const auto five_levels = vmcoreinfo.number("pgtable_l5_enabled");
        found_.tables_.levels = five_levels ? (*five_levels != 0 ? 5 : 4) : levels_of_vcpus();
    }

    Result<KernelMemory> run() {
        if (!text_) return Error::make("VMCOREINFO has no SYMBOL(_stext)");
        if (by_symbol(presumed_base_) || by_vcpu()) return found_;
        return Error::make("no page tables map the kernel's _stext at 0x%" PRIx64
                           ": neither init_top_pgt, by VMCOREINFO, nor the tables of %zu vCPUs",
                           text_->value, cpus_.size());
    }

  private:
    uint8_t levels_of_vcpus() const {
        for (const guest::Cpu& cpu : cpus_) {
            const auto tables = cpu.page_tables();
            if (tables && tables->levels >= 4) return tables->levels;
        }
        return 4;
    }

    bool by_symbol(std::optional<Gpa> phys_base) {
        if (!top_ || !phys_base) return false;
        guest::ArchDumpInfo arch;
        arch.phys_base = *phys_base;
        const auto root = kernel_physical(*top_, arch);
        return root && accept(*root);
    }

    bool by_vcpu() {
        for (const guest::Cpu& cpu : cpus_) {
            const auto tables = cpu.page_tables();
            if (!tables) continue;
            if (!accept(tables->root) && !accept(Gpa{tables->root.value & ~kUserTwin})) continue;
            // The kernel's own table maps all of the kernel; the vCPU's may lack parts of it.
            phys_base_ = found_.phys_base_.value;
            const guest::PageTables of_vcpu = found_.tables_;
            if (!by_symbol(found_.phys_base_)) found_.tables_ = of_vcpu;
            return true;
        }
        return false;
    }

    /// Returns true if the tables at @root map _stext, and then stores them as the result.
    bool accept(Gpa root) {
        guest::PageTables tables = found_.tables_;
        tables.root = root;
        const auto& architecture = cpus_.front().architecture();
        const guest::PageWalk walk = architecture.walk(tables, *text_, *found_.memory_);
        if (!walk.phys || !found_.memory_->blocks().find(*walk.phys)) return false;
        const uint64_t base = walk.phys->value - (text_->value - kKernelMap64);
        if (phys_base_ && base != *phys_base_) return false;
        found_.tables_ = tables;
        found_.phys_base_ = Gpa{base};
        return true;
    }

    std::span<const guest::Cpu> cpus_;
    std::optional<Gva> text_, top_;
    std::optional<uint64_t> phys_base_;  ///< by VMCOREINFO, or by the tables that were taken
    std::optional<Gpa> presumed_base_;   ///< by VMCOREINFO, or by a vCPU's interrupt handlers
    KernelMemory found_;
};

Result<KernelMemory> KernelMemory::find(const Vmcoreinfo& vmcoreinfo,
                                        const guest::ArchDumpInfo& arch,
                                        std::span<const guest::Cpu> cpus,
                                        const guest::PageSource& memory) {
    if (arch.machine != format::kEmX86_64) {
        return Error::make(
            "the guest's e_machine is %u: only the memory of an x86-64 kernel (%u) "
            "can be read",
            arch.machine, format::kEmX86_64);
    }
    if (cpus.empty() || !cpus.front().architecture().walk) {
        return Error::make("there is no vCPU whose page tables could be read");
    }
    if (const uint64_t mask = vmcoreinfo.number("sme_mask").value_or(0); mask != 0) {
        return Error::make("the guest's memory is encrypted: sme_mask is 0x%" PRIx64, mask);
    }
    return KernelTableSearch(vmcoreinfo, arch, cpus, memory).run();
}

std::optional<KernelMapping> KernelReader::translate(Gva address) {
    for (const unsigned shift : {kSmallShift, kLargeShift}) {
        const Known& known = place_of(address.value, shift);
        const uint64_t offset = address.value - known.first;
        if (offset < known.length) {
            return KernelMapping{Gpa{known.phys + offset}, known.length - offset};
        }
    }
    const guest::PageWalk walk = kernel_->walk(address);
    if (!walk.phys) return std::nullopt;
    // If the page is larger than 2 MiB, only the 2 MiB around the address are remembered.
    const uint64_t size = std::min(walk.size, kLargePage);
    const uint64_t offset = address.value & (size - 1);
    place_of(address.value, size == kLargePage ? kLargeShift : kSmallShift) = {
        .first = address.value - offset, .length = size, .phys = walk.phys->value - offset};
    return KernelMapping{*walk.phys, size - offset};
}

/// Reads the first bytes of @out, at least one, and returns their number.
Result<size_t> KernelReader::read_piece(Gva from, std::span<std::byte> out) {
    const auto mapping = translate(from);
    if (!mapping) {
        return Error::make("the kernel's page tables do not map 0x%" PRIx64, from.value);
    }
    const size_t part = std::min<uint64_t>(out.size(), mapping->length);
    Result<> done = kernel_->memory().read(mapping->phys, out.first(part));
    if (!done)
        return std::move(done).take_error().while_("kernel memory at 0x%" PRIx64, from.value);
    return part;
}

size_t KernelReader::read_some(Gva from, std::span<std::byte> out) {
    size_t done = 0;
    while (done < out.size()) {
        const Result<size_t> part = read_piece(Gva{from.value + done}, out.subspan(done));
        if (!part) break;
        done += *part;
    }
    return done;
}

Result<> KernelReader::read(Gva from, std::span<std::byte> out) {
    while (!out.empty()) {
        const size_t part = TRY(read_piece(from, out));
        from.value += part;
        out = out.subspan(part);
    }
    return {};
}

Result<std::string> KernelReader::text(Gva from, size_t limit) {
    constexpr size_t kStep = 64;
    std::string text;
    std::array<std::byte, kStep> bytes;
    while (text.size() < limit) {
        const Gva at{from.value + text.size()};
        // Reads up to an aligned address only, because the next page may not be mapped.
        const size_t wanted = std::min<uint64_t>(kStep - at.value % kStep, limit - text.size());
        TRY(read(at, std::span(bytes).first(wanted)));
        const std::string_view part(reinterpret_cast<const char*>(bytes.data()), wanted);
        text += part.substr(0, part.find('\0'));
        if (part.find('\0') != part.npos) break;
    }
    return text;
}

}  // namespace guestdump::linux_guest
