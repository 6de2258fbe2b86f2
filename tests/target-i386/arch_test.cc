// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/arch.h"

#include "target-i386/cpu.h"
#include "target-i386/paging_mode.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/target-i386/test_memory.h"

namespace guestdump::target_i386 {

Suite* arch_suite();

namespace {

constexpr uint64_t kLongMode = kEferLongModeEnable | kEferLongModeActive;

Registers with_efer(uint64_t efer) {
    Registers registers;
    registers.efer = efer;
    return registers;
}

/// Blocks from 0 to @end. Their contents do not matter.
guest::GuestPhysBlockList memory_up_to(uint64_t end) {
    TestMemory memory;
    memory.add(0, 0x1000);
    memory.add(end - 0x1000, 0x1000);
    return memory.blocks();
}

START_TEST(long_mode_makes_x86_64_in_elf64) {
    const guest::ArchDumpInfo info = dump_info(with_efer(kLongMode), memory_up_to(0x100000));
    ck_assert_uint_eq(info.machine, 62);
    ck_assert(info.elf_class == format::ElfClass::k64);
    ck_assert(info.uname_machine == "x86_64");
    ck_assert_uint_eq(info.page_size, 4096);
    ck_assert_uint_eq(info.phys_base.value, 0);
}
END_TEST

START_TEST(long_mode_that_is_only_enabled_makes_i386) {
    const guest::ArchDumpInfo info =
        dump_info(with_efer(kEferLongModeEnable), memory_up_to(0x100000));
    ck_assert_uint_eq(info.machine, 3);
    ck_assert(info.elf_class == format::ElfClass::k32);
    ck_assert(info.uname_machine == "i686");
}
END_TEST

START_TEST(i386_with_memory_that_ends_at_4_gib_is_elf64) {
    ck_assert(dump_info({}, memory_up_to(0x100000000)).elf_class == format::ElfClass::k64);
    ck_assert_uint_eq(dump_info({}, memory_up_to(0x100000000)).machine, 3);
    ck_assert(dump_info({}, memory_up_to(0xfffff000)).elf_class == format::ElfClass::k32);
    ck_assert(dump_info({}, memory_up_to(0x100001000)).elf_class == format::ElfClass::k64);
    ck_assert(dump_info({}, {}).elf_class == format::ElfClass::k32);
}
END_TEST

Registers paging(uint64_t cr4) {
    Registers registers;
    registers.cr0 = kCr0Paging | kCr0ProtectedMode;
    registers.cr4 = cr4;
    return registers;
}

bool guessed_long(const Registers& registers, uint16_t machine, bool is_first) {
    return guess_efer(registers, machine, is_first) & kEferLongModeActive;
}

START_TEST(first_vcpu_was_in_long_mode_when_the_file_is_x86_64) {
    ck_assert(guessed_long(paging(kCr4Pae), 62, true));
    ck_assert(!guessed_long(paging(kCr4Pae), 3, true));
}
END_TEST

START_TEST(other_vcpus_without_paging_or_pae_were_not_in_long_mode) {
    ck_assert(!guessed_long({}, 62, false));
    ck_assert(!guessed_long(paging(0), 62, false));
    ck_assert(guessed_long(paging(kCr4Pae), 62, false));
    ck_assert(!guessed_long(paging(kCr4Pae), 3, false));
}
END_TEST

START_TEST(registers_that_exist_only_in_long_mode_prove_it) {
    Registers long_code = paging(kCr4Pae);
    long_code.cs.flags = 1u << 21;
    ck_assert(guessed_long(long_code, 3, false));
    ck_assert(guessed_long(paging(kCr4Pae | kCr4Pcide), 3, false));
    Registers high_idt = paging(kCr4Pae);
    high_idt.idt.base = 0xfffffe0000000000;
    ck_assert(guessed_long(high_idt, 3, false));
}
END_TEST

START_TEST(no_execute_is_taken_to_be_on) {
    ck_assert(guess_efer({}, 3, true) == kEferNoExecute);
    ck_assert(guess_efer({}, 62, true) == (kEferNoExecute | kLongMode));
}
END_TEST

START_TEST(reset_puts_the_first_instruction_below_4_gib) {
    const Registers r = reset_registers();
    ck_assert_uint_eq(r.cs.base + r.rip, 0xfffffff0);
    ck_assert_uint_eq(r.cs.selector, 0xf000);
    ck_assert_uint_eq(r.cr0, 0x60000010);
    ck_assert_uint_eq(r.rflags, 2);
    ck_assert_uint_eq(r.efer, 0);
    ck_assert(!PagingMode::of(r, {}));
}
END_TEST

START_TEST(paging_is_known_to_be_off_where_cr0_is_known) {
    Registers registers;
    ck_assert(!make_cpu(registers).paging_is_off());  // a file that has no control registers
    registers.cr0 = 0x60000010;                       // after a reset
    ck_assert(make_cpu(registers).paging_is_off());
    registers.cr0 = 0x80050033;
    ck_assert(!make_cpu(registers).paging_is_off());
}
END_TEST

/// The values that are equal for two vCPUs of one address space.
std::optional<std::pair<guest::Gpa, uint64_t>> space_of(const Registers& registers) {
    const auto mode = PagingMode::of(registers, {});
    if (!mode) return std::nullopt;
    return std::pair(mode->root(), mode->identity());
}

START_TEST(top_table_and_mode_tell_address_spaces_apart) {
    Registers registers = paging(kCr4Pae);
    registers.cr3 = 0x5000;
    const auto pae = space_of(registers);
    registers.efer = kLongMode;
    const auto four_levels = space_of(registers);
    registers.cr3 |= 0x123;  // a PCID
    const auto with_pcid = space_of(registers);
    registers.cr4 |= kCr4La57;
    const auto five_levels = space_of(registers);
    registers.cr3 = 0x6000;
    const auto elsewhere = space_of(registers);

    ck_assert(pae && four_levels && five_levels && elsewhere);
    ck_assert(four_levels == with_pcid);
    ck_assert(pae != four_levels);
    ck_assert(four_levels != five_levels);
    ck_assert(five_levels != elsewhere);
}
END_TEST

START_TEST(prstatus_takes_the_flavour_of_the_dump) {
    guest::NoteBuilder wide, narrow;
    guest::ArchDumpInfo arch;
    const guest::Cpu cpu = make_cpu(reset_registers());
    kArchitecture.append_prstatus(cpu, arch, 4, wide);
    arch.machine = format::kEm386;
    kArchitecture.append_prstatus(cpu, arch, 4, narrow);
    const support::Bytes wide_bytes = std::move(wide).take(),
                         narrow_bytes = std::move(narrow).take();
    ck_assert_uint_eq(wide_bytes.size(), 356);
    ck_assert_uint_eq(support::le32_at(wide_bytes, 20 + 32), 5);
    ck_assert_uint_eq(narrow_bytes.size(), 164);
    ck_assert_uint_eq(support::le32_at(narrow_bytes, 20 + 24), 5);
}
END_TEST

}  // namespace

Suite* arch_suite() {
    return support::make_suite(
        "arch",
        {long_mode_makes_x86_64_in_elf64, long_mode_that_is_only_enabled_makes_i386,
         i386_with_memory_that_ends_at_4_gib_is_elf64,
         first_vcpu_was_in_long_mode_when_the_file_is_x86_64,
         other_vcpus_without_paging_or_pae_were_not_in_long_mode,
         registers_that_exist_only_in_long_mode_prove_it, no_execute_is_taken_to_be_on,
         reset_puts_the_first_instruction_below_4_gib, paging_is_known_to_be_off_where_cr0_is_known,
         top_table_and_mode_tell_address_spaces_apart, prstatus_takes_the_flavour_of_the_dump});
}

}  // namespace guestdump::target_i386
