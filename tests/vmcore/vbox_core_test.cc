// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vbox_core.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "tests/vmcore/small_vbox.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/inspect/verify.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* vbox_core_suite();

namespace {

constexpr uint64_t kRip = 0xffffffff81000000;

/// Two vCPUs, and MMIO between two ranges of RAM.
SmallVbox small_core() {
    return {.claimed_cpus = 2,
            .cpus = {vbox_cpu(kRip), vbox_cpu(kRip + 1)},
            .ranges = {{.start = 0, .contents = noise(1, 0x3000)},
                       {.start = 0xa0000, .mmio_size = 0x20000},
                       {.start = 0x100000, .contents = noise(2, 0x1000)}}};
}

std::unique_ptr<Vmcore> opened(const SmallVbox& core) {
    return must(Vmcore::read(in_memory(core.file())));
}

START_TEST(memory_and_vcpus_are_read) {
    for (const uint8_t ident_version : {0, 1}) {
        SmallVbox core = small_core();
        core.ident_version = ident_version;
        const auto vmcore = opened(core);
        ck_assert_uint_eq(vmcore->blocks().view().size(), 2);
        Bytes page(0x1000);
        must(vmcore->blocks().read(guest::Gpa{0x100000}, page));
        ck_assert(page == noise(2, 0x1000));
        ck_assert_uint_eq(vmcore->vcpus().size(), 2);
        ck_assert_uint_eq(vmcore->vcpus()[1].rip, kRip + 1);
        ck_assert_uint_eq(vmcore->vcpus()[1].efer, 0xd00);
        ck_assert(vmcore->contents().warnings.empty());
        ck_assert(!vmcore->guest_note().has_value());
        ck_assert_uint_eq(vmcore->vbox()->vbox_version, 0x07000008);
    }
}
END_TEST

START_TEST(all_known_formats_are_read) {
    const std::pair<uint32_t, size_t> known[] = {
        {0x00010004, 8768}, {0x00010005, 8768}, {0x00010006, 8776}, {0x00010006, 8784}};
    for (const auto& [format, size] : known) {
        SmallVbox core = small_core();
        core.format = format;
        core.cpus = {vbox_cpu(kRip, size), vbox_cpu(kRip, size)};
        ck_assert_uint_eq(opened(core)->vcpus()[1].rip, kRip);
    }
}
END_TEST

START_TEST(what_is_not_as_its_format_has_it_is_an_error) {
    SmallVbox core = small_core();
    core.format = 0x00010003;
    must_fail(Vmcore::read(in_memory(core.file())),
              "'memory.vmcore': VirtualBox core format 0x00010003 is not known, 0x00010004 to");
    core.cpus.clear();
    must_fail(Vmcore::read(in_memory(core.file())), "format 0x00010003 is not known");
    core = small_core();
    core.cpus[1].resize(8768);
    must_fail(Vmcore::read(in_memory(core.file())), "vCPU 1: the VBCPU note of format 0x00010006");
    core = small_core();
    core.magic = 0xc01ac0df;
    must_fail(Vmcore::read(in_memory(core.file())), "magic is 0xc01ac0df, 0xc01ac0de is needed");
}
END_TEST

START_TEST(cut_anywhere_it_is_an_error) {
    const Bytes whole = small_core().file();
    for (size_t size = 0; size < whole.size(); size += size < 500 ? 1 : 97) {
        const auto vmcore = Vmcore::read(
            in_memory(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))));
        ck_assert(!vmcore);
    }
}
END_TEST

START_TEST(the_guests_mode_decides_about_the_machine) {
    SmallVbox core = small_core();
    const auto vmcore = opened(core);
    ck_assert_uint_eq(must(vmcore->arch_info(vmcore->blocks())).machine, 62);
    support::put_le64(core.cpus[0], 488, 0);  // efer
    const auto early = opened(core);
    const auto arch = must(early->arch_info(early->blocks()));
    ck_assert_uint_eq(arch.machine, 3);
    ck_assert(arch.elf_class == format::ElfClass::k32);
}
END_TEST

START_TEST(the_guests_note_may_follow) {
    SmallVbox core = small_core();
    constexpr std::string_view kText = "OSRELEASE=6.1.0\n";
    core.more_notes = note("VMCOREINFO", 0, std::as_bytes(std::span(kText)));
    const auto vmcore = opened(core);
    ck_assert(vmcore->guest_note() == core.more_notes);
    ck_assert_uint_eq(vmcore->vcpus().size(), 2);
}
END_TEST

START_TEST(its_origin_is_told) {
    SmallVbox core = small_core();
    const auto info = must(describe(*opened(core), "some.file"));
    ck_assert(info.format == qapi::VmcoreFormat::vbox_core);
    ck_assert(info.origin == qapi::VmcoreOrigin::virtualbox);
    core.vbox_version = 0;
    ck_assert(must(describe(*opened(core), "x")).origin == qapi::VmcoreOrigin::emulator);
}
END_TEST

START_TEST(verify_counts_the_vcpus) {
    SmallVbox core = small_core();
    ck_assert(verify(*opened(core), 1).good());
    core.claimed_cpus = 3;
    const Verification result = verify(*opened(core), 1);
    ck_assert_uint_eq(result.problems.size(), 1);
    ck_assert(result.problems[0] == "the VBCORE note counts 3 vCPUs, there are notes of 2");
}
END_TEST

/// The same guest as an ELF vmcore, whose CS flags have the bits of the limit that an emulator
/// keeps.
SmallElf same_guest_as_elf() {
    SmallElf elf;
    elf.notes.clear();
    for (const uint64_t rip : {kRip, kRip + 1}) {
        Bytes state = qemu_descriptor(rip);
        support::put_le32(state, 152 + 8, 0x00af9b00);
        support::put_le64(state, 392, 0x80000011);
        support::put_le64(state, 416, 0x1000);
        support::put_le64(state, 424, 0x20);
        support::put_bytes(elf.notes, elf.notes.size(), note("QEMU", 0, state));
    }
    elf.loads = {{.paddr = 0, .contents = noise(1, 0x3000)},
                 {.paddr = 0x100000, .contents = noise(2, 0x1000)}};
    return elf;
}

START_TEST(compared_with_another_format_registers_count_not_notes) {
    const auto elf = must(Vmcore::read(in_memory(same_guest_as_elf().file())));
    SmallVbox core = small_core();
    const Comparison same = must(compare(*elf, *opened(core), 1));
    ck_assert_msg(same.equal(), "%s", same.equal() ? "" : same.differences[0].c_str());
    core.cpus[1] = vbox_cpu(kRip + 2);
    core.more_notes = note("VMCOREINFO", 0, noise(1, 8));
    const Comparison other = must(compare(*elf, *opened(core), 1));
    ck_assert_uint_eq(other.differences.size(), 2);
    ck_assert(other.differences[0] == "vCPU 1: registers differ");
    ck_assert(other.differences[1] == "the guest's note: none against 32 bytes");
}
END_TEST

}  // namespace

Suite* vbox_core_suite() {
    return support::make_suite("vbox_core",
                               {
                                   memory_and_vcpus_are_read,
                                   all_known_formats_are_read,
                                   what_is_not_as_its_format_has_it_is_an_error,
                                   cut_anywhere_it_is_an_error,
                                   the_guests_mode_decides_about_the_machine,
                                   the_guests_note_may_follow,
                                   its_origin_is_told,
                                   verify_counts_the_vcpus,
                                   compared_with_another_format_registers_count_not_notes,
                               });
}

}  // namespace guestdump::vmcore
