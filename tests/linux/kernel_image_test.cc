// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/kernel_image.h"

#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::linux_guest {

Suite* kernel_image_suite();

namespace {

constexpr uint64_t kLarge = 0x200000;
constexpr std::string_view kLines =
    "SYMBOL(_stext)=ffffffff81000123\nSYMBOL(swapper_pg_dir)=ffffffff81400000\n"
    "NUMBER(phys_base)=-16777216\n";
const guest::ArchDumpInfo kArch{.phys_base = guest::Gpa{uint64_t{0} - 0x1000000}};

/// Memory from address 0 on, into which kLines place the kernel.
std::unique_ptr<support::ScriptedGuest> guest() {
    auto machine = std::make_unique<support::ScriptedGuest>();
    machine->add_ram(0, 0x4000);
    return machine;
}

std::optional<guest::MemoryMapping> image_of(const support::ScriptedGuest& guest,
                                             std::string_view lines = kLines,
                                             const guest::ArchDumpInfo& arch = kArch) {
    return kernel_image(Vmcoreinfo(std::string(lines)), arch, guest.cpus(), *guest.page_source());
}

START_TEST(the_image_ends_where_the_kernels_tables_cease_to_map_it) {
    auto machine = guest();
    machine->add_cpu();  // without page tables
    support::ScriptedCpu& cpu = machine->add_cpu();
    cpu.root_of_translations = guest::Gpa{0x400000};  // swapper_pg_dir
    cpu.translations[0xffffffff81000000] = 0;
    cpu.translations[0xffffffff81000000 + 4 * kLarge] = 4 * kLarge;  // after a gap
    cpu.translations[0xffffffff81000000 + 9 * kLarge] = 0x5000;      // something else
    const auto image = image_of(*machine);
    ck_assert(image ==
              (guest::MemoryMapping{guest::Gpa{0}, guest::Gva{0xffffffff81000000}, 5 * kLarge}));
}
END_TEST

START_TEST(without_tables_it_goes_as_far_as_linux_ever_maps_it) {
    const auto image = image_of(*guest());
    ck_assert(image ==
              (guest::MemoryMapping{guest::Gpa{0}, guest::Gva{0xffffffff81000000}, 0x3f000000}));
}
END_TEST

START_TEST(there_is_none_where_the_lines_do_not_tell_or_lead_nowhere) {
    const auto machine = guest();
    for (const char* lines : {"", "NUMBER(phys_base)=0\n", "SYMBOL(_stext)=ffffffff81000000\n",
                              "NUMBER(phys_base)=0\nSYMBOL(_stext)=81000000\n",
                              "NUMBER(phys_base)=0\nSYMBOL(_stext)=ffffffffc0000000\n",
                              "NUMBER(phys_base)=0\nSYMBOL(_stext)=ffffffffffffffff\n"}) {
        ck_assert_msg(!image_of(*machine, lines), "%s", lines);
    }
    guest::ArchDumpInfo elsewhere = kArch;
    elsewhere.phys_base = guest::Gpa{0x1000};
    ck_assert(!image_of(*machine, kLines, elsewhere));
    guest::ArchDumpInfo i386 = kArch;
    i386.machine = format::kEm386;
    ck_assert(!image_of(*machine, kLines, i386));
}
END_TEST

START_TEST(on_i386_it_is_the_direct_map_as_far_as_a_vcpu_confirms_it) {
    auto machine = guest();
    guest::ArchDumpInfo i386 = kArch;
    i386.machine = format::kEm386;
    constexpr std::string_view kLines32 =
        "SYMBOL(_stext)=c0000400\nSYMBOL(swapper_pg_dir)=c0002000\n";
    ck_assert(!image_of(*machine, kLines32, i386));
    support::ScriptedCpu& cpu = machine->add_cpu();
    cpu.root_of_translations = guest::Gpa{0x2000};
    for (uint64_t page = 0; page < 3; ++page)
        cpu.translations[0xc0000000 + page * kLarge] = page * kLarge;
    cpu.translations[0xc0000000 + 3 * kLarge] = 0;
    ck_assert(image_of(*machine, kLines32, i386) ==
              (guest::MemoryMapping{guest::Gpa{0}, guest::Gva{0xc0000000}, 3 * kLarge}));
    // Another split of the address space, which no vCPU confirms.
    cpu.translations[0xc0000000] = 0x1000;
    ck_assert(!image_of(*machine, kLines32, i386));
    for (const char* lines : {"SYMBOL(_stext)=f8000000\nSYMBOL(swapper_pg_dir)=c0002000\n",
                              "SYMBOL(_stext)=80000000\nSYMBOL(swapper_pg_dir)=c0002000\n",
                              "SYMBOL(_stext)=c0000400\nSYMBOL(swapper_pg_dir)=1000\n"}) {
        ck_assert_msg(!image_of(*machine, lines, i386), "%s", lines);
    }
}
END_TEST

START_TEST(an_image_that_would_wrap_around_is_none) {
    support::ScriptedGuest machine;
    machine.add_ram(0xfffffffff0000000, 0x1000);
    guest::ArchDumpInfo arch = kArch;
    arch.phys_base = guest::Gpa{0xfffffffff0000000 - 0x1000000};
    ck_assert(!image_of(machine, kLines, arch));
}
END_TEST

}  // namespace

Suite* kernel_image_suite() {
    return support::make_suite("kernel_image",
                               {
                                   the_image_ends_where_the_kernels_tables_cease_to_map_it,
                                   without_tables_it_goes_as_far_as_linux_ever_maps_it,
                                   there_is_none_where_the_lines_do_not_tell_or_lead_nowhere,
                                   on_i386_it_is_the_direct_map_as_far_as_a_vcpu_confirms_it,
                                   an_image_that_would_wrap_around_is_none,
                               });
}

}  // namespace guestdump::linux_guest
