// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/memory_map/landmarks.h"

#include <algorithm>
#include <initializer_list>

namespace guestdump::linux_guest {
namespace {

using guest::Gpa;
using guest::Gva;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kFirmwareData = uint64_t{1} << 20;
constexpr uint64_t kStack =
    4 * kPage;  ///< THREAD_SIZE [linux arch/x86/include/asm/page_64_types.h]
constexpr uint64_t kEntryStack = 2 * kPage;            ///< stack of an exception or IRQ [same]
constexpr uint64_t kUserTwin = kPage;                  ///< as in kernel_memory.cc
constexpr uint64_t kMostNodeData = uint64_t{1} << 20;  ///< limit on a pglist_data, bytes
constexpr uint64_t kMostNodes = 1024;
constexpr unsigned kMostLogBits = 27;  ///< log_buf_len at most [linux kernel/printk/printk.c]
constexpr unsigned kMostSymbols = 1024;

class Landmarks {
  public:
    Landmarks(const PageFilterInput& input, const KernelMemory& kernel)
        : input_(input), kernel_(kernel), reader_(kernel) {}

    Result<ProtectedPages> find(const SectionTable& sections, uint32_t struct_size,
                                const guest::PageSet& memory) {
        TRY(pages_.add(Gpa{0}, kFirmwareData, Reason::other));
        if (input_.vmcoreinfo_at)
            TRY(pages_.add(*input_.vmcoreinfo_at, input_.vmcoreinfo.text().size(), Reason::other));
        TRY(add_symbols());
        for (const guest::Cpu& cpu : input_.cpus) TRY(add_cpu(cpu));
        TRY(add_nodes());
        TRY(add_log());
        TRY(add_memory_map(sections, struct_size, memory));
        pages_.sort();
        return std::move(pages_);
    }

  private:
    /// Adds the kernel memory [@virt, @virt + @size), and the page tables that map it.
    Result<> add(uint64_t virt, uint64_t size, Reason reason) {
        const uint64_t last = virt + std::min(size - 1, UINT64_MAX - virt);
        for (uint64_t at = virt;;) {
            TRY(input_.cancellation.check());
            const guest::PageWalk walk = kernel_.walk(Gva{at});
            TRY(add_tables(walk));
            const uint64_t rest = walk.size - (at & (walk.size - 1));
            if (walk.phys) TRY(pages_.add(*walk.phys, std::min(rest, last - at + 1), reason));
            if (rest > last - at) return {};
            at += rest;
        }
    }

    /// Adds the page tables of @walk that the previous walk did not read.
    Result<> add_tables(const guest::PageWalk& walk) {
        for (size_t i = 0; i < walk.table_count; ++i) {
            if (i < last_walk_.table_count && walk.tables[i] == last_walk_.tables[i]) continue;
            TRY(pages_.add(walk.tables[i], kPage, Reason::page_table));
        }
        last_walk_ = walk;
        return {};
    }

    Result<> add_symbols() {
        std::string_view rest = input_.vmcoreinfo.text();
        for (unsigned count = 0; !rest.empty() && count < kMostSymbols;) {
            const size_t end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
            constexpr std::string_view kSymbol = "SYMBOL(";
            if (!line.starts_with(kSymbol)) continue;
            ++count;
            const std::string_view name =
                line.substr(kSymbol.size(), line.find(')') - kSymbol.size());
            const auto address = input_.vmcoreinfo.symbol(name);
            if (!address) continue;
            TRY(add(*address, 1, name == "_stext" ? Reason::kernel_text : Reason::other));
        }
        return {};
    }

    Result<> add_cpu(const guest::Cpu& cpu) {
        const guest::KernelPointers pointers =
            cpu.kernel_pointers(kernel_.tables(), kernel_.memory());
        if (pointers.instruction) TRY(add(pointers.instruction->value, 1, Reason::vcpu_code));
        if (pointers.stack) {
            TRY(add(pointers.stack->value, 1, Reason::vcpu_stack));
            TRY(add(pointers.stack->value & ~(kStack - 1), kStack, Reason::other));
        }
        for (const Gva top : pointers.entry_stacks)
            TRY(add(top.value - kEntryStack, kEntryStack, Reason::other));
        for (const Gva at : pointers.structures) TRY(add(at.value, 1, Reason::other));
        return add_top_table(cpu, pointers);
    }

    /// Adds the vCPU's top table. With page table isolation a process has two: one for the kernel,
    /// and one for user mode, which maps only what the entry of an exception needs. Then both are
    /// added.
    Result<> add_top_table(const guest::Cpu& cpu, const guest::KernelPointers& pointers) {
        const auto tables = cpu.page_tables();
        if (!tables) return {};
        TRY(pages_.add(tables->root, kPage, Reason::page_table));
        guest::PageTables twin = *tables;
        twin.root.value ^= kUserTwin;
        for (const Gva at : pointers.structures) {
            const auto mapped = reader_.translate(at);
            const guest::PageWalk walk = cpu.architecture().walk(twin, at, kernel_.memory());
            if (!mapped || !walk.phys || *walk.phys != mapped->phys) continue;
            return pages_.add(twin.root, kPage, Reason::other);
        }
        return {};
    }

    Result<> add_nodes() {
        const auto table = input_.vmcoreinfo.symbol("node_data");
        const auto count = input_.vmcoreinfo.length("node_data");
        const auto size = input_.vmcoreinfo.size("pglist_data");
        if (!table || !count || !size || *size > kMostNodeData || *size == 0) return {};
        for (uint64_t node = 0; node < std::min(*count, kMostNodes); ++node) {
            const auto data = reader_.value<uint64_t>(Gva{*table + 8 * node});
            if (data && *data != 0) TRY(add(*data, *size, Reason::other));
        }
        return {};
    }

    /// A pointer in the structs of the log's ring: at @base plus the sum of the OFFSET()s of the
    /// members @offsets.
    std::optional<uint64_t> ring_word(uint64_t base, std::initializer_list<const char*> offsets) {
        for (const char* name : offsets) {
            const auto offset = input_.vmcoreinfo.offset(name);
            if (!offset) return std::nullopt;
            base += *offset;
        }
        const auto word = reader_.value<uint64_t>(Gva{base});
        if (!word) return std::nullopt;
        return *word;
    }

    /// Adds the log's text and its descriptors. [linux kernel/printk/printk_ringbuffer.h,
    /// since 5.10]
    Result<> add_log() {
        const auto symbol = input_.vmcoreinfo.symbol("prb");
        const auto ring = symbol ? reader_.value<uint64_t>(Gva{*symbol}) : Error::make("no log");
        if (!ring) return {};
        TRY(add(*ring, kPage, Reason::other));
        const auto text =
            ring_word(*ring, {"printk_ringbuffer.text_data_ring", "prb_data_ring.data"});
        const auto text_bits =
            ring_word(*ring, {"printk_ringbuffer.text_data_ring", "prb_data_ring.size_bits"});
        if (text && text_bits) TRY(add_ring(*text, *text_bits & UINT32_MAX, 1));
        const auto bits =
            ring_word(*ring, {"printk_ringbuffer.desc_ring", "prb_desc_ring.count_bits"});
        for (const auto& [field, type] : {std::pair{"prb_desc_ring.descs", "prb_desc"},
                                          std::pair{"prb_desc_ring.infos", "printk_info"}}) {
            const auto array = ring_word(*ring, {"printk_ringbuffer.desc_ring", field});
            const auto size = input_.vmcoreinfo.size(type);
            if (array && bits && size) TRY(add_ring(*array, *bits & UINT32_MAX, *size));
        }
        return {};
    }

    /// Adds an array of 2^@bits elements of @size bytes.
    Result<> add_ring(uint64_t virt, uint64_t bits, uint64_t size) {
        if (bits > kMostLogBits || size == 0 || size > kPage) return {};
        if (size << bits > uint64_t{1} << kMostLogBits) return {};
        return add(virt, size << bits, Reason::other);
    }

    Result<> add_memory_map(const SectionTable& sections, uint32_t struct_size,
                            const guest::PageSet& memory) {
        const uint64_t section_pages = uint64_t{1} << sections.section_order();
        for (auto run = memory.next_run(0); run; run = memory.next_run(run->end)) {
            for (uint64_t first = run->first; first < run->end;) {
                TRY(input_.cancellation.check());
                const uint64_t end =
                    std::min(run->end, (first / section_pages + 1) * section_pages);
                const SectionTable::Places places = sections.places_for(first, reader_);
                if (places.root != 0) TRY(add(places.root, 8, Reason::memory_map));
                if (places.section != 0) TRY(add(places.section, 8, Reason::memory_map));
                const auto base = sections.base_for(first, reader_);
                if (base) {
                    TRY(add(*base + first * struct_size, (end - first) * struct_size,
                            Reason::memory_map));
                }
                first = end;
            }
        }
        return {};
    }

    const PageFilterInput& input_;
    const KernelMemory& kernel_;
    KernelReader reader_;
    ProtectedPages pages_;
    guest::PageWalk last_walk_;
};

}  // namespace

Result<ProtectedPages> landmarks(const PageFilterInput& input, const KernelMemory& kernel,
                                 const SectionTable& sections, uint32_t struct_size,
                                 const guest::PageSet& memory) {
    return Landmarks(input, kernel).find(sections, struct_size, memory);
}

}  // namespace guestdump::linux_guest
