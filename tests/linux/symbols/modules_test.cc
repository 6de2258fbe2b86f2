// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/modules.h"

#include "linux/symbols/code_names.h"
#include "tests/linux/btf_writer.h"
#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* modules_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

constexpr uint64_t kHead = 0x1000, kModule = 0x2000, kTypes = 0x10000, kKallsyms = 0x3000,
                   kSymbols = 0x4000, kStrings = 0x5000, kCode = 0xffffffffc0000000;

/// A kernel with one module, with the layout before or since Linux 6.4.
struct ModuleKernel {
    explicit ModuleKernel(bool parts) {
        BtfWriter types;
        const uint32_t u64 = types.integer("long", 8), u32 = types.integer("int", 4),
                       name = types.array(types.integer("char", 1), 56);
        const uint32_t list = types.structure("list_head", 16, {{"next", u64, 0}});
        const uint32_t layout =
            types.structure("module_layout", 16, {{"base", u64, 0}, {"size", u32, 64}});
        const uint32_t memory_type =
            types.structure("module_memory", 24, {{"base", u64, 64}, {"size", u32, 128}});
        const uint32_t arch = types.structure(
            "mod_arch_specific", 24,
            {{"num_orcs", u32, 0}, {"orc_unwind_ip", u64, 64}, {"orc_unwind", u64, 128}});
        std::vector<WrittenMember> members = {
            {"list", list, 64}, {"name", name, 192}, {"kallsyms", u64, 640}, {"arch", arch, 704}};
        if (parts)
            members.push_back({"mem", types.array(memory_type, 2), 1024});
        else
            members.push_back({"core_layout", layout, 1024});
        types.structure("module", 192, members);
        types.structure("mod_kallsyms", 24,
                        {{"symtab", u64, 0}, {"num_symtab", u32, 64}, {"strtab", u64, 128}});
        const support::Bytes btf = types.bytes();
        memory.put(kTypes, btf);
        read_types.emplace(must(Btf::read(memory, Gva{kTypes}, btf.size())));

        support::Bytes module(192);
        support::put_le64(module, 8, kHead);
        support::put_text(module, 24, "virtio\x1bnet");
        support::put_le64(module, 80, kKallsyms);
        support::put_le32(module, 88, 5);
        support::put_le64(module, 96, 0x6000);
        support::put_le64(module, 104, 0x7000);
        support::put_le64(module, parts ? 136 : 128, kCode);
        support::put_le32(module, parts ? 144 : 136, 0x2000);
        memory.put(kModule, module);
        memory.put_u64(kHead, kModule + 8);

        support::Bytes kallsyms(24);
        support::put_le64(kallsyms, 0, kSymbols);
        support::put_le32(kallsyms, 8, 4);
        support::put_le64(kallsyms, 16, kStrings);
        memory.put(kKallsyms, kallsyms);
        support::Bytes symbols(4 * 24);
        put_symbol(symbols, 1, 1, 1, kCode + 0x100);
        put_symbol(symbols, 2, 7, 0, kCode + 0x150);  // undefined: only used here
        put_symbol(symbols, 3, 12, 1, kCode + 0x200);
        memory.put(kSymbols, symbols);
        support::Bytes strings(64);
        support::put_text(strings, 1, "probe");
        support::put_text(strings, 7, "printk");
        support::put_text(strings, 14, "remove");
        strings[12] = std::byte{'u'};
        strings[13] = std::byte{'_'};
        memory.put(kStrings, strings);
    }

    static void put_symbol(support::Bytes& table, size_t index, uint32_t name, uint16_t section,
                           uint64_t value) {
        support::put_le32(table, 24 * index, name);
        support::put_le16(table, 24 * index + 6, section);
        support::put_le64(table, 24 * index + 8, value);
    }

    static SymbolTable kernel_symbols() {
        SymbolTable table;
        must(table.add(kHead, "modules"));
        must(table.finish());
        return table;
    }

    Result<ModuleList> read() const { return read_modules(memory, kernel_symbols(), *read_types); }

    FakeMemory memory;
    std::optional<Btf> read_types;
};

START_TEST(modules_are_listed_with_their_memory) {
    for (const bool parts : {false, true}) {
        const ModuleKernel kernel(parts);
        const ModuleList list = must(kernel.read());
        ck_assert_uint_eq(list.modules.size(), 1);
        const Module& module = list.modules[0];
        ck_assert(module.name == "virtio\x1bnet");
        ck_assert(list.find(Gva{kCode + 0x1fff}) == &module);
        ck_assert(!list.find(Gva{kCode + 0x2000}) && !list.find(Gva{kCode - 1}));
        ck_assert_uint_eq(module.orc_count, 5);
        ck_assert(module.orc_places == Gva{0x6000} && module.orc_entries == Gva{0x7000});
    }
}
END_TEST

START_TEST(places_in_a_module_have_its_functions_and_its_name) {
    const ModuleKernel kernel(true);
    const ModuleList list = must(kernel.read());
    const SymbolTable symbols = ModuleKernel::kernel_symbols();
    const CodeNames names(kernel.memory, symbols, &list);
    ck_assert(names.find(Gva{kCode + 0x160}, false)->text() == "probe+0x60/0x100 [virtio\\x1bnet]");
    ck_assert(names.find(Gva{kCode + 0x210}, false)->function == "u_remove");
    ck_assert(names.find(Gva{kCode + 0x10}, false)->function.empty());
    ck_assert(!names.find(Gva{kCode - 1}, false));
}
END_TEST

START_TEST(a_list_of_modules_that_is_damaged_is_incomplete) {
    ModuleKernel kernel(true);
    support::put_le64(kernel.memory.at(kModule), 8, 0x9999);
    const ModuleList list = must(kernel.read());
    ck_assert_uint_eq(list.modules.size(), 1);
    ck_assert(list.incomplete.find("is not mapped") != list.incomplete.npos);
    support::put_le64(kernel.memory.at(kModule), 8, kModule + 8);
    ck_assert(must(kernel.read()).incomplete.find("goes around") != std::string::npos);
}
END_TEST

START_TEST(symbols_of_a_module_that_cannot_be_are_refused) {
    const ModuleKernel kernel(true);
    Module module = must(kernel.read()).modules[0];
    module.symbol_count = UINT32_MAX;
    must_fail(read_module_symbols(kernel.memory, module), "a module has 4294967295 symbols");
    module.symbol_count = 100000;
    must_fail(read_module_symbols(kernel.memory, module), "is not mapped");
    module.symbol_count = 4;
    module.strings = Gva{0};
    ck_assert_uint_eq(must(read_module_symbols(kernel.memory, module)).size(), 0);
}
END_TEST

START_TEST(a_kernel_without_modules_says_so) {
    SymbolTable none;
    must(none.finish());
    const ModuleKernel kernel(true);
    must_fail(read_modules(kernel.memory, none, *kernel.read_types), "no list of modules");
}
END_TEST

}  // namespace

Suite* modules_suite() {
    return support::make_suite("modules", {
                                              modules_are_listed_with_their_memory,
                                              places_in_a_module_have_its_functions_and_its_name,
                                              a_list_of_modules_that_is_damaged_is_incomplete,
                                              symbols_of_a_module_that_cannot_be_are_refused,
                                              a_kernel_without_modules_says_so,
                                          });
}

}  // namespace guestdump::linux_guest
