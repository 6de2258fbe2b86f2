// SPDX-License-Identifier: GPL-2.0-or-later
/// Reading files of machines that are not x86: both byte orders, both classes, all page sizes.
#include <algorithm>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_machine.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/inspect/verify.h"

namespace guestdump::vmcore {

using support::Bytes;
using support::must;
using support::must_fail;
using support::noise;
using support::same;

Suite* other_machines_suite();

namespace {

std::unique_ptr<Vmcore> opened(const Bytes& file) {
    return must(Vmcore::read(in_memory(file)));
}

qapi::VmcoreInfo described(const Bytes& file) {
    return must(describe(*opened(file), "file", {.find_vmcoreinfo = true, .threads = 1}));
}

Bytes memory(const Bytes& file, uint64_t address, size_t size) {
    Bytes bytes(size);
    must(opened(file)->blocks().read(guest::Gpa{address}, bytes));
    return bytes;
}

void expect_machine(const qapi::VmcoreInfo& info, const SmallMachine& machine) {
    ck_assert(info.machine == machine.uname);
    ck_assert(info.big_endian == machine.big);
    ck_assert_uint_eq(info.page_size, machine.page);
    ck_assert(info.kernel.release.value_or("") == "6.1.0-test");
    ck_assert_uint_eq(info.notes.size(), 3);
    ck_assert(info.notes[1].name == "LINUX");
    ck_assert_uint_eq(info.notes[1].type, 0x700);
    ck_assert_uint_eq(info.notes[1].count, 2);
    ck_assert_uint_eq(info.notes[1].size, 40);
    ck_assert_uint_eq(info.cpus.size(), 2);
    for (uint64_t cpu = 0; cpu < 2; ++cpu) {
        const auto& registers = info.cpus[cpu].registers.entries;
        const auto pc = std::find_if(registers.begin(), registers.end(),
                                     [&](const auto& one) { return one.first == machine.pc; });
        ck_assert(pc != registers.end());
        ck_assert_uint_eq(pc->second, 0x1000 + cpu);
    }
    ck_assert_uint_eq(info.warnings.size(), 0);
}

START_TEST(elf_file_of_any_machine_is_described_and_read) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes file = elf_of(machine);
        const qapi::VmcoreInfo info = described(file);
        expect_machine(info, machine);
        ck_assert_uint_eq(info.memory, uint64_t{32} * machine.page);
        const size_t half = size_t{16} * machine.page;
        ck_assert(same(memory(file, 0x40000000, half), noise(1, half)));
        ck_assert(same(memory(file, 0x80000000, half), noise(2, half)));
        ck_assert_uint_eq(verify(*opened(file), 1).problems.size(), 0);
    }
}
END_TEST

START_TEST(kdump_file_of_any_machine_is_described_and_read) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes file = kdump_of(machine);
        const qapi::VmcoreInfo info = described(file);
        expect_machine(info, machine);
        ck_assert_uint_eq(info.memory, uint64_t{3} * machine.page);
        ck_assert_uint_eq(info.left_out_pages.value_or(0), 2);
        const uint64_t start = uint64_t{0x4000} * machine.page;
        ck_assert(same(memory(file, start, machine.page), page_of(machine, 1)));
        ck_assert(same(memory(file, start + machine.page, machine.page), page_of(machine, 2)));
        ck_assert(support::all_zero(memory(file, start + 5 * machine.page, machine.page)));
        ck_assert_uint_eq(verify(*opened(file), 1).problems.size(), 0);
    }
}
END_TEST

START_TEST(a_kdump_file_without_a_name_is_known_by_its_prstatus) {
    for (SmallMachine machine : kSmallMachines) {
        const char* const uname = machine.uname;
        machine.uname = "Unknown";  // as QEMU writes it
        const qapi::VmcoreInfo info = described(kdump_of(machine));
        ck_assert(info.machine == uname);
        ck_assert_uint_eq(info.cpus.size(), 2);
    }
}
END_TEST

START_TEST(machines_byte_orders_and_registers_that_differ_are_differences) {
    SmallMachine arm = kSmallMachines[7], big = kSmallMachines[8];
    ck_assert(!must(compare(*opened(elf_of(arm)), *opened(elf_of(big)), 1)).equal());
    Bytes other = elf_of(arm);
    const uint64_t notes = 52 + 3 * 32, descriptor = notes + 12 + 8;
    other[descriptor + arm.pc_at] ^= std::byte{1};
    const Comparison found = must(compare(*opened(elf_of(arm)), *opened(other), 1));
    ck_assert_uint_eq(found.differences.size(), 1);
    ck_assert(found.differences[0] == "note 0: two kinds of CORE note of type 0x1");
}
END_TEST

START_TEST(files_that_no_machine_writes_are_refused) {
    SmallMachine x86{"x86_64", 62, 64, true, 336, 240, "rip"};
    must_fail(Vmcore::read(in_memory(elf_of(x86))), "e_machine is 62 (x86) in a big-endian file");
    must_fail(Vmcore::read(in_memory(kdump_of(x86))),
              "the machine x86_64, but the file is big-endian");
    SmallMachine huge = kSmallMachines[0];
    huge.page = 1u << 19;
    must_fail(Vmcore::read(in_memory(kdump_of(huge))),
              "block size 524288, pages have at most 262144");
    Bytes odd = elf_of(kSmallMachines[0]);
    odd[5] = std::byte{3};
    must_fail(Vmcore::read(in_memory(odd)), "e_ident[EI_DATA] is 3, 1 and 2 are known");
}
END_TEST

START_TEST(cut_and_damaged_files_of_any_machine_end_in_an_error_or_in_warnings) {
    for (const SmallMachine& machine : {kSmallMachines[2], kSmallMachines[5], kSmallMachines[9]}) {
        for (const Bytes& whole : {elf_of(machine), kdump_of(machine)}) {
            for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 97) {
                const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
                const auto vmcore = Vmcore::read(in_memory(cut), {.partial = true});
                if (!vmcore) continue;
                must(describe(**vmcore, "file", {.threads = 1}));
                ck_assert(!verify(**vmcore, 1).problems.empty());
            }
        }
    }
}
END_TEST

}  // namespace

Suite* other_machines_suite() {
    return support::make_suite(
        "other_machines", {elf_file_of_any_machine_is_described_and_read,
                           kdump_file_of_any_machine_is_described_and_read,
                           a_kdump_file_without_a_name_is_known_by_its_prstatus,
                           machines_byte_orders_and_registers_that_differ_are_differences,
                           files_that_no_machine_writes_are_refused,
                           cut_and_damaged_files_of_any_machine_end_in_an_error_or_in_warnings});
}

}  // namespace guestdump::vmcore
