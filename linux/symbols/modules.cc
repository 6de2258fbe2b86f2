// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/modules.h"

#include <algorithm>
#include <cinttypes>

#include "linux/list_walk.h"
#include "linux/types/struct_members.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr size_t kNameSize = 56;  ///< MODULE_NAME_LEN [linux include/linux/module.h]
constexpr uint64_t kMostModuleSymbols = 1u << 18;
constexpr size_t kLongestName = 512;

/// Offsets of the members of struct module that are read, bytes.
struct Layout {
    uint64_t list = 0, name = 0, kallsyms = 0;
    uint64_t symtab = 0, num_symtab = 0, strtab = 0;    ///< in struct mod_kallsyms
    std::vector<std::pair<uint64_t, uint64_t>> ranges;  ///< start (8 bytes) and size (4 bytes)
    std::optional<uint64_t> num_orcs, orc_places, orc_entries;
};

/// Adds the ranges of a module's memory: its core and init parts before Linux 6.4, since then the
/// elements of an array.
void add_ranges(const Btf& types, StructMembers& module, Layout& layout) {
    for (const char* part : {"core_layout", "init_layout"}) {
        const auto start = module.optional_offset((std::string(part) + ".base").c_str());
        const auto size = module.optional_offset((std::string(part) + ".size").c_str());
        if (start && size) layout.ranges.emplace_back(*start, *size);
    }
    const auto parts = module.find("mem");
    const auto base = types.member("module_memory", "base");
    const auto size = types.member("module_memory", "size");
    const auto count = parts ? types.array_length(parts->type) : std::nullopt;
    if (!count || *count == 0 || *count > 64 || !base || !size) return;
    const uint64_t step = parts->size / *count;
    for (uint64_t i = 0; i < *count; ++i) {
        const uint64_t at = parts->offset + i * step;
        layout.ranges.emplace_back(at + base->offset, at + size->offset);
    }
}

Result<Layout> layout_of(const Btf& types) {
    StructMembers module(types, "module");
    StructMembers kallsyms(types, "mod_kallsyms");
    Layout layout;
    layout.list = module.offset("list");
    layout.name = module.offset("name");
    layout.kallsyms = module.offset("kallsyms");
    layout.symtab = kallsyms.offset("symtab");
    layout.num_symtab = kallsyms.offset("num_symtab");
    layout.strtab = kallsyms.offset("strtab");
    layout.num_orcs = module.optional_offset("arch.num_orcs");
    layout.orc_places = module.optional_offset("arch.orc_unwind_ip");
    layout.orc_entries = module.optional_offset("arch.orc_unwind");
    add_ranges(types, module, layout);
    TRY(module.failed());
    TRY(kallsyms.failed());
    return layout;
}

Result<Module> read_module(const VirtualMemory& memory, const Layout& layout, Gva at) {
    Module module;
    module.name = TRY(read_string(memory, Gva{at.value + layout.name}, kNameSize));
    for (const auto& [start, size] : layout.ranges) {
        const Gva from = TRY(read_pointer(memory, Gva{at.value + start}));
        const uint32_t bytes = TRY(read_u32(memory, Gva{at.value + size}));
        if (bytes > 0) module.ranges.push_back({from, bytes});
    }
    if (layout.num_orcs && layout.orc_places && layout.orc_entries) {
        module.orc_count = TRY(read_u32(memory, Gva{at.value + *layout.num_orcs}));
        module.orc_places = TRY(read_pointer(memory, Gva{at.value + *layout.orc_places}));
        module.orc_entries = TRY(read_pointer(memory, Gva{at.value + *layout.orc_entries}));
    }
    const uint64_t kallsyms = TRY(read_u64(memory, Gva{at.value + layout.kallsyms}));
    if (kallsyms == 0) return module;  // the module is being loaded
    module.symbols = TRY(read_pointer(memory, Gva{kallsyms + layout.symtab}));
    module.symbol_count = TRY(read_u32(memory, Gva{kallsyms + layout.num_symtab}));
    module.strings = TRY(read_pointer(memory, Gva{kallsyms + layout.strtab}));
    return module;
}

}  // namespace

bool Module::contains(Gva address) const {
    return std::any_of(ranges.begin(), ranges.end(), [address](const ModuleRange& range) {
        return address >= range.start && address.value - range.start.value < range.size;
    });
}

const Module* ModuleList::find(Gva address) const {
    const auto found =
        std::find_if(modules.begin(), modules.end(),
                     [address](const Module& module) { return module.contains(address); });
    return found == modules.end() ? nullptr : &*found;
}

Result<ModuleList> read_modules(const VirtualMemory& memory, const SymbolTable& symbols,
                                const Btf& types) {
    const auto head = symbols.address_of("modules");
    if (!head) return Error::make("the kernel's symbols have no list of modules");
    const Layout layout = TRY(layout_of(types));
    ModuleList list;
    const Result<> done = walk_list(memory, *head, ModuleList::kMost, [&](Gva node) -> Result<> {
        Module module = TRY(read_module(memory, layout, Gva{node.value - layout.list}));
        list.modules.push_back(std::move(module));
        return {};
    });
    if (!done) list.incomplete = done.error().message();
    return list;
}

Result<SymbolTable> read_module_symbols(const VirtualMemory& memory, const Module& module) {
    if (module.symbol_count > kMostModuleSymbols) {
        return Error::make("a module has %" PRIu64 " symbols, more than %" PRIu64,
                           module.symbol_count, kMostModuleSymbols);
    }
    /// Elf64_Sym: name, info, other, section, value, size.
    struct Symbol {
        util::le32 name;
        uint8_t info, other;
        util::le16 section;
        util::le64 value, size;
    };
    static_assert(sizeof(Symbol) == 24);
    SymbolTable table;
    for (uint64_t i = 0; i < module.symbol_count; ++i) {
        Symbol symbol;
        TRY(memory.read(Gva{module.symbols.value + i * sizeof symbol},
                        std::as_writable_bytes(std::span(&symbol, 1))));
        if (symbol.section == 0 || !module.contains(Gva{symbol.value})) continue;
        const Gva at{module.strings.value + symbol.name};
        const Result<std::string> name = read_string(memory, at, kLongestName);
        if (name && !name->empty()) TRY(table.add(symbol.value, *name));
    }
    TRY(table.finish());
    return table;
}

}  // namespace guestdump::linux_guest
