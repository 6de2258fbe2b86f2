// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_memory.h"

#include "target-i386/cpu.h"
#include "tests/linux/test_kernel.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* kernel_memory_suite();

namespace {

using guest::Gpa;
using guest::Gva;
using support::must;
using support::must_fail;

constexpr uint64_t kText = 0xffffffff81000000;  ///< _stext, at kTextPhys
constexpr uint64_t kTextPhys = 0x200000;
constexpr uint64_t kDirect = 0xffff888000000000;  ///< where tests map the memory that they read
const guest::ArchDumpInfo kArch;

/// A kernel with 16 MiB of memory in two pieces: [0, kTables), and [kTablesEnd, 16 MiB). Its image
/// is the 2 MiB at kTextPhys. The mapping of the image contains its page tables too.
TestKernel small_kernel(unsigned levels = 4) {
    TestKernel kernel(levels);
    kernel.memory().add(0, TestKernel::kTables);
    kernel.memory().add(TestKernel::kTablesEnd, 0x1000000 - TestKernel::kTablesEnd);
    kernel.map(kText, kTextPhys, 0x200000);
    kernel.tell("SYMBOL(_stext)=ffffffff81000000");
    kernel.tell("SYMBOL(init_top_pgt)=ffffffff80f00000");
    return kernel;
}

/// kTextPhys - (kText - kImage). It is negative: the image's mapping begins below address 0.
constexpr const char* kPhysBase = "NUMBER(phys_base)=-14680064";

struct Found {
    explicit Found(const TestKernel& kernel) : Found(kernel, kernel.registers()) {}
    Found(const TestKernel& kernel, const target_i386::Registers& registers)
        : source(kernel.memory().source()),
          kernel_memory(KernelMemory::find(
              kernel.vmcoreinfo(), kArch, std::vector{target_i386::make_cpu(registers)}, source)) {}

    KernelReader reader() { return KernelReader(*kernel_memory); }

    guest::RamSource source;
    Result<KernelMemory> kernel_memory;
};

START_TEST(the_tables_that_vmcoreinfo_names_are_used) {
    TestKernel kernel = small_kernel();
    kernel.tell(kPhysBase);
    target_i386::Registers registers = kernel.registers();
    registers.cr3 = 0x5000;  // tables of a process, which map nothing
    const Found found(kernel, registers);
    ck_assert_uint_eq(must(found.kernel_memory).tables().root.value, TestKernel::kTables);
    ck_assert_uint_eq(must(found.kernel_memory).phys_base().value, uint64_t{0} - 14680064);
}
END_TEST

START_TEST(without_phys_base_a_vcpu_leads_to_the_kernels_tables) {
    TestKernel kernel = small_kernel();
    // The vCPU's top table is not the kernel's, but has the same upper half.
    kernel.memory().put64(0x6000 + 8 * 511, kernel.memory().get(TestKernel::kTables + 8 * 511, 8));
    target_i386::Registers registers = kernel.registers();
    registers.cr3 = 0x6000;
    const Found found(kernel, registers);
    ck_assert_uint_eq(must(found.kernel_memory).tables().root.value, TestKernel::kTables);
    ck_assert_uint_eq(must(found.kernel_memory).phys_base().value, uint64_t{0} - 14680064);
}
END_TEST

/// A vCPU's tables that have the handlers of interrupts, the IDT, and nothing else of the kernel,
/// as those of user mode have.
target_i386::Registers user_mode_with_handlers(TestKernel& kernel) {
    constexpr uint64_t kUserTable = 0x6000, kHandler = kText + 0x4000, kIdt = 0xfffffe0000000000;
    auto& memory = kernel.memory();
    memory.put64(kUserTable + 8 * 511, 0x7067);  // the last 512 GiB
    memory.put64(0x7000 + 8 * 510, 0x8067);      // the image's GiB
    memory.put64(0x8000 + 8 * 8, 0x9067);        // the 2 MiB at kText
    memory.put64(0x9000 + 8 * 4, kTextPhys + 0x4000 + 0x67);
    memory.put64(kUserTable + 8 * 508, 0xa067);  // the 512 GiB with the IDT
    memory.put64(0xa000, 0xb067);
    memory.put64(0xb000, 0xc067);
    memory.put64(0xc000, 0xd067);
    // A gate: bits 0-15 of the address, selector, type, bits 16-31, bits 32-63. [SDM 3, 6.14.1]
    memory.put64(0xd000, (kHandler & 0xffff) | 0x10 << 16 | (kHandler >> 16 & 0xffff) << 48 |
                             uint64_t{0x8e} << 40);
    memory.put64(0xd008, kHandler >> 32);
    target_i386::Registers registers = kernel.registers();
    registers.cr3 = kUserTable;
    registers.idt.base = kIdt;
    registers.idt.limit = 0xfff;
    return registers;
}

START_TEST(without_phys_base_an_interrupt_handler_leads_to_the_kernels_tables) {
    TestKernel kernel = small_kernel();
    const target_i386::Registers registers = user_mode_with_handlers(kernel);
    const Found found(kernel, registers);
    ck_assert_uint_eq(must(found.kernel_memory).tables().root.value, TestKernel::kTables);
    ck_assert_uint_eq(must(found.kernel_memory).phys_base().value, uint64_t{0} - 14680064);
}
END_TEST

START_TEST(a_handler_that_lies_does_not_hide_the_vcpus_tables) {
    TestKernel kernel = small_kernel();
    target_i386::Registers registers = user_mode_with_handlers(kernel);
    kernel.memory().put64(0x9000 + 8 * 4, kTextPhys + 0x9000 + 0x67);
    must_fail(Found(kernel, registers).kernel_memory, "no page tables map");
    // The table has the beginning of the image as well, at its true place.
    kernel.memory().put64(0x9000, kTextPhys + 0x67);
    ck_assert_uint_eq(must(Found(kernel, registers).kernel_memory).phys_base().value,
                      uint64_t{0} - 14680064);
}
END_TEST

START_TEST(without_a_symbol_the_vcpus_tables_are_used) {
    TestKernel kernel;
    kernel.memory().add(kTextPhys, 0x200000);
    kernel.map(kText, kTextPhys, 0x200000);
    kernel.tell("SYMBOL(_stext)=ffffffff81000000");
    ck_assert_uint_eq(must(Found(kernel).kernel_memory).tables().root.value, TestKernel::kTables);
    target_i386::Registers registers = kernel.registers();
    registers.cr3 = TestKernel::kTables + 0x1000;  // the top table for user mode
    ck_assert_uint_eq(must(Found(kernel, registers).kernel_memory).tables().root.value,
                      TestKernel::kTables);
}
END_TEST

START_TEST(five_levels_are_known_by_vmcoreinfo_or_by_a_vcpu) {
    TestKernel kernel = small_kernel(5);
    kernel.tell(kPhysBase);
    ck_assert_uint_eq(must(Found(kernel).kernel_memory).tables().levels, 5);
    kernel.tell("NUMBER(pgtable_l5_enabled)=1");
    const target_i386::Registers off;
    ck_assert_uint_eq(must(Found(kernel, off).kernel_memory).tables().levels, 5);
}
END_TEST

START_TEST(tables_that_do_not_map_the_kernel_are_none) {
    TestKernel kernel = small_kernel();
    kernel.tell("NUMBER(phys_base)=-16777216");  // does not match the tables
    must_fail(Found(kernel).kernel_memory,
              "no page tables map the kernel's _stext at 0xffffffff81");
    TestKernel outside;
    outside.map(kText, kTextPhys, 0x200000);  // there is no memory at kTextPhys
    outside.tell("SYMBOL(_stext)=ffffffff81000000");
    must_fail(Found(outside).kernel_memory, "no page tables map");
    must_fail(Found(TestKernel()).kernel_memory, "no SYMBOL(_stext)");
}
END_TEST

START_TEST(a_guest_that_cannot_be_read_is_refused_with_the_reason) {
    TestKernel kernel = small_kernel();
    const guest::RamSource source = kernel.memory().source();
    const std::vector cpus{target_i386::make_cpu(kernel.registers())};
    guest::ArchDumpInfo i386;
    i386.machine = format::kEm386;
    must_fail(KernelMemory::find(kernel.vmcoreinfo(), i386, cpus, source), "e_machine is 3");
    must_fail(KernelMemory::find(kernel.vmcoreinfo(), kArch, {}, source), "no vCPU");
    kernel.tell("NUMBER(sme_mask)=140737488355328");
    must_fail(KernelMemory::find(kernel.vmcoreinfo(), kArch, cpus, source),
              "sme_mask is 0x800000000000");
}
END_TEST

START_TEST(reads_cross_pages_that_lie_apart) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0x8000);
    kernel.map(kDirect + 0x1000, 0x3000);
    kernel.memory().put64(0x8ff8, 0x1122334455667788);
    kernel.memory().put64(0x3000, 0x99aabbccddeeff00);
    Found found(kernel);
    KernelReader reader = found.reader();
    ck_assert_uint_eq(must(reader.value<uint64_t>(Gva{kDirect + 0xffc})), 0xddeeff0011223344);
    ck_assert_uint_eq(must(reader.value<uint32_t>(Gva{kDirect + 0xff8})), 0x55667788);
    ck_assert_uint_eq(must(reader.value<uint16_t>(Gva{kDirect + 0xffe})), 0x1122);
    ck_assert_uint_eq(must(reader.value<uint8_t>(Gva{kDirect + 0x1007})), 0x99);
    ck_assert(must(reader.pointer(Gva{kDirect + 0xff8})) == Gva{0x1122334455667788});
}
END_TEST

START_TEST(pages_of_every_size_are_followed) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0, uint64_t{1} << 30);
    kernel.map(kDirect + (uint64_t{1} << 30), 0x400000, 0x200000);
    Found found(kernel);
    KernelReader reader = found.reader();
    for (int pass = 0; pass < 2; ++pass) {  // the second pass uses remembered translations
        const KernelMapping huge = reader.translate(Gva{kDirect + 0x612345}).value();
        ck_assert_uint_eq(huge.phys.value, 0x612345);
        ck_assert_uint_eq(huge.length, 0x200000 - 0x12345);
        const KernelMapping large = reader.translate(Gva{kDirect + 0x40012345}).value();
        ck_assert_uint_eq(large.phys.value, 0x412345);
        ck_assert_uint_eq(large.length, 0x200000 - 0x12345);
        const KernelMapping next = reader.translate(Gva{kDirect + 0x812345}).value();
        ck_assert_uint_eq(next.phys.value, 0x812345);
    }
}
END_TEST

START_TEST(a_small_page_beside_a_large_one_is_not_mistaken_for_it) {
    TestKernel kernel = small_kernel();
    // Both use the same entry of the remembered translations.
    for (uint64_t i = 0; i < 200; ++i) kernel.map(kDirect + 0x1000 * i, 0x7000 - 0x1000 * (i % 7));
    Found found(kernel);
    KernelReader reader = found.reader();
    for (int pass = 0; pass < 2; ++pass) {
        for (uint64_t i = 0; i < 200; ++i) {
            const KernelMapping one = reader.translate(Gva{kDirect + 0x1000 * i + 5}).value();
            ck_assert_uint_eq(one.phys.value, 0x7005 - 0x1000 * (i % 7));
            ck_assert_uint_eq(one.length, 0xffb);
        }
    }
    ck_assert(!reader.translate(Gva{kDirect + 0x1000 * 200}));
}
END_TEST

START_TEST(what_is_not_mapped_is_an_error_with_its_address) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0x8000);
    kernel.map(kDirect + 0x2000, 0x10000000);  // no memory there
    Found found(kernel);
    KernelReader reader = found.reader();
    support::Bytes bytes(0x20);
    must_fail(reader.read(Gva{kDirect + 0xff0}, bytes), "do not map 0xffff888000001000");
    must_fail(reader.read(Gva{0x123456789abcdef0}, bytes), "do not map 0x123456789abcdef0");
    must_fail(
        reader.read(Gva{kDirect + 0x2000}, bytes),
        "kernel memory at 0xffff888000002000: no memory at guest-physical address 0x10000000");
    must_fail(reader.read(Gva{UINT64_MAX - 3}, bytes), "do not map 0xfffffffffffffffc");
    ck_assert_uint_eq(reader.read_some(Gva{kDirect + 0xff0}, bytes), 0x10);
    ck_assert_uint_eq(reader.read_some(Gva{kDirect + 0x1000}, bytes), 0);
}
END_TEST

START_TEST(an_address_between_the_halves_is_not_mapped) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0x8000);
    Found found(kernel);
    ck_assert(found.reader().translate(Gva{kDirect}).has_value());
    ck_assert(!found.reader().translate(Gva{kDirect & 0x0000ffffffffffff}));
}
END_TEST

START_TEST(text_ends_at_its_nul_or_at_the_limit) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0x8000);
    for (uint64_t i = 0; i < 100; ++i) kernel.memory().put(0x8f00 + i, 'a' + i % 26, 1);
    kernel.memory().put(0x8ffe, 'z', 1);
    Found found(kernel);
    KernelReader reader = found.reader();
    const std::string all = must(reader.text(Gva{kDirect + 0xf00}, 1000));
    ck_assert_uint_eq(all.size(), 100);
    ck_assert(all.starts_with("abcdefgh") && all.ends_with("uv"));
    ck_assert(must(reader.text(Gva{kDirect + 0xf00}, 3)) == "abc");
    ck_assert(must(reader.text(Gva{kDirect + 0xffe}, 100)) == "z");
    ck_assert(must(reader.text(Gva{kDirect + 0xf80}, 100)).empty());
    kernel.memory().put(0x8fff, 'z', 1);
    must_fail(reader.text(Gva{kDirect + 0xffe}, 100), "do not map 0xffff888000001000");
}
END_TEST

START_TEST(tables_that_lead_to_themselves_or_outside_end_the_walk) {
    TestKernel kernel = small_kernel();
    const uint64_t slot = TestKernel::kTables + 8 * 300;  // 0xffff960000000000
    kernel.memory().put64(slot, TestKernel::kTables | 0x67);
    Found found(kernel);
    KernelReader reader = found.reader();
    // The walk uses the top table for four levels, and then as a page.
    const uint64_t loop = 0xffff000000000000 | uint64_t{300} << 39 | uint64_t{300} << 30 |
                          uint64_t{300} << 21 | uint64_t{300} << 12;
    ck_assert_uint_eq(reader.translate(Gva{loop + 8}).value().phys.value, TestKernel::kTables + 8);
    kernel.memory().put64(slot, 0x7ffffffff067);
    ck_assert(!found.reader().translate(Gva{loop}));
    kernel.memory().put64(slot, UINT64_MAX);
    ck_assert(!found.reader().translate(Gva{loop}));
}
END_TEST

START_TEST(a_walk_names_the_tables_that_it_read) {
    TestKernel kernel = small_kernel();
    kernel.map(kDirect, 0x8000);
    Found found(kernel);
    const guest::PageWalk walk = found.kernel_memory->walk(Gva{kDirect});
    ck_assert_uint_eq(walk.table_count, 4);
    ck_assert_uint_eq(walk.tables[0].value, TestKernel::kTables);
    for (size_t i = 1; i < 4; ++i) ck_assert_uint_gt(walk.tables[i].value, TestKernel::kTables);
    ck_assert_uint_eq(walk.size, 0x1000);
    const guest::PageWalk nothing = found.kernel_memory->walk(Gva{0xffff800000000000});
    ck_assert(!nothing.phys);
    ck_assert_uint_eq(nothing.table_count, 1);
    ck_assert_uint_eq(nothing.size, uint64_t{1} << 39);
}
END_TEST

}  // namespace

Suite* kernel_memory_suite() {
    return support::make_suite(
        "kernel_memory", {
                             the_tables_that_vmcoreinfo_names_are_used,
                             without_phys_base_a_vcpu_leads_to_the_kernels_tables,
                             without_phys_base_an_interrupt_handler_leads_to_the_kernels_tables,
                             a_handler_that_lies_does_not_hide_the_vcpus_tables,
                             without_a_symbol_the_vcpus_tables_are_used,
                             five_levels_are_known_by_vmcoreinfo_or_by_a_vcpu,
                             tables_that_do_not_map_the_kernel_are_none,
                             a_guest_that_cannot_be_read_is_refused_with_the_reason,
                             reads_cross_pages_that_lie_apart,
                             pages_of_every_size_are_followed,
                             a_small_page_beside_a_large_one_is_not_mistaken_for_it,
                             what_is_not_mapped_is_an_error_with_its_address,
                             an_address_between_the_halves_is_not_mapped,
                             text_ends_at_its_nul_or_at_the_limit,
                             tables_that_lead_to_themselves_or_outside_end_the_walk,
                             a_walk_names_the_tables_that_it_read,
                         });
}

}  // namespace guestdump::linux_guest
