// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "guest/memory_mapping.h"
#include "target-i386/cpu.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/bare_machine.h"
#include "vm/accels.h"

/// KVM runs guests in each paging mode. Their text is then read by virtual address, through page
/// tables that a processor has used.

namespace guestdump::vm {

Suite* paging_guests_suite();

namespace {

using guest::Gva;
using guest::MemoryMapping;
using support::must;

constexpr uint64_t kBehindHlt = 0x100801;
constexpr uint64_t kWithoutLa57 = 0x100901;

/// The text at virtual @address by the mappings of vCPU 0. "" if nothing is mapped there.
std::string text_at(BareMachine& machine, uint64_t address) {
    const guest::GuestPhysBlockList memory = machine.memory().dumpable();
    const std::vector<guest::Cpu> cpus = {target_i386::make_cpu(machine.registers(0))};
    guest::MemoryMappingList mappings;
    must(target_i386::kArchitecture.append_mappings(cpus, guest::RamSource(memory),
                                                    util::Cancellation(), mappings));
    for (const MemoryMapping& mapping : mappings.view()) {
        const uint64_t offset = address - mapping.virt.value;
        if (offset >= mapping.length) continue;
        char text[64] = {};
        must(memory.read(Gpa{mapping.phys.value + offset},
                         std::as_writable_bytes(std::span(text, sizeof text - 1))));
        return text;
    }
    return "";
}

/// Checks that @guest reaches its HLT, and that the text that it wrote at virtual @address is found
/// there.
void check_text(const std::string& guest, uint64_t address, const std::string& text) {
    BareMachine machine(must(make_kvm_accel()), 1, guest);
    const uint64_t rip = machine.run_until_hlt();
    const bool paging = machine.registers(0).cr0 & target_i386::kCr0Paging;
    if (rip == kWithoutLa57 || (machine.any_fault() && !paging)) {
        std::printf("%s: not a mode of this host's KVM\n", guest.c_str());
        return;
    }
    ck_assert_uint_eq(rip, kBehindHlt);
    const std::string found = text_at(machine, address);
    ck_assert_str_eq(found.c_str(), text.c_str());
    const std::string elsewhere = text_at(machine, address + 0x40000000);
    ck_assert_str_eq(elsewhere.c_str(), "");
}

START_TEST(text_is_read_through_32_bit_paging) {
    check_text("paging_32bit", 0xc0123000, "read through 32-bit paging");
}
END_TEST

START_TEST(text_is_read_through_4_mib_pages) {
    check_text("paging_pse", 0xc0104000, "read through 4 MiB pages");
}
END_TEST

START_TEST(text_is_read_through_pae_paging) {
    check_text("paging_pae", 0xc0123000, "read through PAE paging");
}
END_TEST

START_TEST(text_is_read_through_4_level_paging_in_both_halves) {
    check_text("paging_4level", 0x7f0000123000, "read through 4-level paging");
    check_text("paging_4level", 0xffffc00000123000, "read through 4-level paging");
}
END_TEST

START_TEST(text_is_read_through_5_level_paging) {
    check_text("paging_5level", 0xff20000000123000, "read through 5-level paging");
}
END_TEST

}  // namespace

Suite* paging_guests_suite() {
    return support::make_suite(
        "paging_guests",
        {text_is_read_through_32_bit_paging, text_is_read_through_4_mib_pages,
         text_is_read_through_pae_paging, text_is_read_through_4_level_paging_in_both_halves,
         text_is_read_through_5_level_paging});
}

}  // namespace guestdump::vm
