// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>
#include <string>

#include "monitor/commands/memory_text.h"
#include "monitor/commands/register_text.h"
#include "monitor/hmp/hmp_command.h"
#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

/// Runs a line of HMP and returns its output with plain line ends.
std::string say(Monitor& monitor, const std::string& line) {
    std::string said;
    run_hmp_line(monitor, line, [&](const std::string& output) {
        for (const char c : output) {
            if (c != '\r') said += c;
        }
    });
    return said;
}

/// A machine whose RAM begins with 0 1 2 ... 255.
struct CountingMachine : TestMachine {
    CountingMachine() {
        for (size_t i = 0; i < 256; ++i) ram->bytes()[i] = static_cast<std::byte>(i);
    }
    /// Writes a page table entry at physical address @at.
    void put(size_t at, uint64_t entry) {
        std::memcpy(ram->bytes().data() + at, &entry, sizeof entry);
    }
    Monitor monitor{services};
};

START_TEST(bytes_are_shown_eight_on_a_line) {
    CountingMachine vm;
    check_text(say(vm.monitor, "xp /10xb 0x10"),
               "0000000000000010: 0x10 0x11 0x12 0x13 0x14 0x15 0x16 0x17\n"
               "0000000000000018: 0x18 0x19\n");
    check_text(say(vm.monitor, "xp/2xb 1"), "0000000000000001: 0x01 0x02\n");
}
END_TEST

START_TEST(larger_values_are_little_endian_in_16_bytes_a_line) {
    CountingMachine vm;
    check_text(say(vm.monitor, "xp /3xg 0"),
               "0000000000000000: 0x0706050403020100 0x0f0e0d0c0b0a0908\n"
               "0000000000000010: 0x1716151413121110\n");
    check_text(say(vm.monitor, "xp 0"), "0000000000000000: 0x03020100\n");
    check_text(say(vm.monitor, "xp /1xh 0"), "0000000000000000: 0x0100\n");
}
END_TEST

START_TEST(values_are_shown_as_the_format_says) {
    CountingMachine vm;
    check_text(say(vm.monitor, "xp /2db 0xfe"), "00000000000000fe:  -2  -1\n");
    check_text(say(vm.monitor, "xp /1ub 0xfe"), "00000000000000fe: 254\n");
    check_text(say(vm.monitor, "xp /3c 0x40"), "0000000000000040: '@' 'A' 'B'\n");
    check_text(say(vm.monitor, "xp /2c 0x0a"), "000000000000000a: '\\n' '\\x0b'\n");
    check_text(say(vm.monitor, "xp /1i 0"),
               "invalid char in format: 'i'\nTry \"help xp\" for more information\n");
    check_text(say(vm.monitor, "xp /99999xb 0"),
               "count is larger than 65536\nTry \"help xp\" for more information\n");
    check_text(say(vm.monitor, "xp"),
               "unexpected end of expression\nTry \"help xp\" for more information\n");
}
END_TEST

START_TEST(memory_that_is_not_there_cannot_be_accessed) {
    CountingMachine vm;
    check_text(say(vm.monitor, "xp /2xg 0x20000000"), "0000000020000000: Cannot access memory\n");
    check_text(say(vm.monitor, "xp /12xb 0xfff8"),
               "000000000000fff8: 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00\n"
               "0000000000010000: Cannot access memory\n");
    check_text(say(vm.monitor, "xp /1xg 0xffffffffffffffff"),
               "ffffffffffffffff: Cannot access memory\n");
}
END_TEST

START_TEST(without_paging_virtual_addresses_are_physical) {
    CountingMachine vm;
    check_text(say(vm.monitor, "x /2xb 4"), "0000000000000004: 0x04 0x05\n");
}
END_TEST

/// Four-level paging with its top table at @top.
target_i386::Registers long_mode(uint64_t top) {
    target_i386::Registers registers;
    registers.cr0 = target_i386::kCr0Paging | target_i386::kCr0ProtectedMode;
    registers.cr3 = top;
    registers.cr4 = target_i386::kCr4Pae;
    registers.efer = target_i386::kEferLongModeEnable | target_i386::kEferLongModeActive;
    return registers;
}

START_TEST(virtual_addresses_go_through_the_page_tables_of_the_chosen_cpu) {
    CountingMachine vm;
    // Three levels of tables at 0x1000, then a 2 MiB page: 0xffff800000000000 is physical 0.
    vm.put(0x1000 + 256 * 8, 0x2000 | 3);
    vm.put(0x2000, 0x3000 | 3);
    vm.put(0x3000, 0x83);
    vm.set_registers(1, long_mode(0x1000));
    check_text(say(vm.monitor, "cpu 1"), "");
    check_text(say(vm.monitor, "x /2xb 0xffff800000000004"), "ffff800000000004: 0x04 0x05\n");
    check_text(say(vm.monitor, "x /2xb 4"), "0000000000000004: Cannot access memory\n");
}
END_TEST

START_TEST(only_the_addresses_asked_for_are_translated) {
    CountingMachine vm;
    // Every entry of the upper tables leads to the same last table, whose pages do not follow one
    // another: all of the address space is mapped, by 2^36 mappings.
    for (size_t entry = 0; entry < 512; ++entry) {
        for (const size_t table : {0x1000, 0x2000, 0x3000})
            vm.put(table + entry * 8, (table + 0x1000) | 3);
        vm.put(0x4000 + entry * 8, (entry * 7 % 16) << 12 | 3);
    }
    vm.set_registers(0, long_mode(0x1000));
    const uint64_t reads = vm.ram->reads();
    check_text(say(vm.monitor, "x /4xb 0xffff800000000004"),
               "ffff800000000004: 0x04 0x05 0x06 0x07\n");
    ck_assert_uint_eq(vm.ram->reads() - reads, 4 + 1);  // an entry of each level, and the bytes
}
END_TEST

START_TEST(a_value_may_lie_in_two_pages_that_are_apart) {
    CountingMachine vm;
    vm.put(0x1000, 0x2000 | 3);
    vm.put(0x2000, 0x3000 | 3);
    vm.put(0x3000, 0x4000 | 3);
    vm.put(0x4000, 0x8000 | 3);
    vm.put(0x4008, 0 | 3);
    vm.put(0x8ff8, 0xaabbccdd00000000);
    vm.set_registers(0, long_mode(0x1000));
    check_text(say(vm.monitor, "x /1xg 0xffc"), "0000000000000ffc: 0x03020100aabbccdd\n");
    check_text(say(vm.monitor, "x /1xg 0x1ffc"), "0000000000001ffc: Cannot access memory\n");
}
END_TEST

START_TEST(host_address_is_where_the_ram_is) {
    CountingMachine vm;
    char expected[128];
    snprintf(expected, sizeof expected, "Host virtual address for 0x10 (pc.ram) is %p\n",
             static_cast<void*>(vm.ram->bytes().data() + 0x10));
    check_text(say(vm.monitor, "gpa2hva 0x10"), expected);
    check_text(say(vm.monitor, "gpa2hva 0x10000"), "No memory is mapped at address 0x10000\n");
}
END_TEST

START_TEST(flat_view_lists_ranges_with_inclusive_ends) {
    CountingMachine vm;
    check_text(say(vm.monitor, "info mtree -f"),
               "FlatView #0\n"
               " AS \"memory\", root: system\n"
               " Root memory region: system\n"
               "  0000000000000000-000000000000ffff (prio 0, ram): pc.ram\n"
               "\n");
}
END_TEST

START_TEST(expressions_are_printed_and_know_registers) {
    CountingMachine vm;
    target_i386::Registers registers;
    registers.rax = 0x1234567890;
    registers.rip = 0xfff0;
    vm.set_registers(0, registers);
    check_text(say(vm.monitor, "print 1+2"), "0x3\n");
    check_text(say(vm.monitor, "p /d 0x10"), "16\n");
    check_text(say(vm.monitor, "p $rip"), "0xfff0\n");
    check_text(say(vm.monitor, "p $eax"), "0x34567890\n");
    check_text(say(vm.monitor, "p $nope"),
               "unknown register\nTry \"help p\" for more information\n");
}
END_TEST

START_TEST(registers_of_all_or_one_cpu_are_shown) {
    CountingMachine vm;
    target_i386::Registers registers;
    registers.rax = 0x80;
    registers.rip = 0xfff0;
    registers.rflags = 0x246;
    registers.cs = {.selector = 0xf000, .base = 0xffff0000, .limit = 0xffff, .flags = 0x9b00};
    vm.set_registers(0, registers);
    const std::string one = say(vm.monitor, "info registers");
    ck_assert(one.starts_with("\nCPU#0\nEAX=00000080 EBX=00000000 ECX=00000000 EDX=00000000\n"));
    ck_assert(one.find("\nEIP=0000fff0 EFL=00000246 [---Z-P-] CPL=0\n") != std::string::npos);
    ck_assert(one.find("\nCS =f000 ffff0000 0000ffff 00009b00\n") != std::string::npos);
    ck_assert(say(vm.monitor, "info registers -a").find("CPU#1") != std::string::npos);
    ck_assert(say(vm.monitor, "info registers 1").starts_with("\nCPU#1\n"));
    check_text(say(vm.monitor, "info registers 2"), "Error: invalid CPU index\n");
    check_text(say(vm.monitor, "cpu -1"), "Error: invalid CPU index\n");
    registers.rax = 1;
    registers.efer = target_i386::kEferLongModeActive;
    vm.set_registers(0, registers);
    ck_assert(say(vm.monitor, "info registers").find("\nRAX=0000000000000001 ") !=
              std::string::npos);
}
END_TEST

}  // namespace

Suite* hmp_memory_suite() {
    return support::make_suite("hmp_memory",
                               {
                                   bytes_are_shown_eight_on_a_line,
                                   larger_values_are_little_endian_in_16_bytes_a_line,
                                   values_are_shown_as_the_format_says,
                                   memory_that_is_not_there_cannot_be_accessed,
                                   without_paging_virtual_addresses_are_physical,
                                   virtual_addresses_go_through_the_page_tables_of_the_chosen_cpu,
                                   only_the_addresses_asked_for_are_translated,
                                   a_value_may_lie_in_two_pages_that_are_apart,
                                   host_address_is_where_the_ram_is,
                                   flat_view_lists_ranges_with_inclusive_ends,
                                   expressions_are_printed_and_know_registers,
                                   registers_of_all_or_one_cpu_are_shown,
                               });
}

}  // namespace guestdump::monitor
