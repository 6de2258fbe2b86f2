// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/vmcore.h"

#include "dump/snapshot.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;
using support::put_bytes;

Suite* vmcore_suite();

namespace {

SmallElf with_notes(Bytes notes) {
    return {.loads = {{.paddr = 0x1000, .contents = noise(1, 0x1000)}}, .notes = std::move(notes)};
}

bool warns(const Vmcore& vmcore, std::string_view part) {
    const std::vector<std::string>& warnings = vmcore.contents().warnings;
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
        return warning.find(part) != std::string::npos;
    });
}

START_TEST(what_is_no_vmcore_is_refused) {
    must_fail(Vmcore::open("/nonexistent/vmcore"), "could not open '/nonexistent/vmcore'");
    must_fail(Vmcore::read(in_memory({})), "is empty");
    must_fail(Vmcore::read(in_memory(noise(1, 10000))), "is no vmcore");
    must_fail(Vmcore::read(in_memory(SmallElf{}.file())), "holds no guest memory");
    must_fail(Vmcore::read(in_memory(SmallKdump{}.file())), "holds no guest memory");
}
END_TEST

START_TEST(vcpus_come_from_qemu_notes_of_both_lengths) {
    Bytes old = qemu_descriptor(0x1111);
    old.resize(432);
    support::put_le32(old, 4, 432);
    Bytes notes = note("CORE", 1, Bytes(336));
    put_bytes(notes, notes.size(), note("CORE", 1, Bytes(336)));
    put_bytes(notes, notes.size(), note("QEMU", 0, old));
    put_bytes(notes, notes.size(), note("QEMU", 0, qemu_descriptor(0x2222)));
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(notes).file())));
    ck_assert_uint_eq(vmcore->cpus().size(), 2);
    ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0x1111);
    ck_assert_uint_eq(vmcore->vcpus()[1].rip, 0x2222);
    ck_assert(!vmcore->guest_note().has_value());
}
END_TEST

START_TEST(without_qemu_notes_prstatus_tells_the_registers) {
    Bytes prstatus(336);
    support::put_le64(prstatus, 112 + 16 * 8, 0x3333);  // rip
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(note("CORE", 1, prstatus)).file())));
    ck_assert_uint_eq(vmcore->vcpus().size(), 1);
    ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0x3333);
}
END_TEST

START_TEST(what_only_prstatus_tells_goes_on_as_it_is) {
    Bytes notes;
    for (const uint32_t pid : {4711u, 42u}) {
        Bytes prstatus = noise(pid, 336);
        support::put_le32(prstatus, 32, pid);
        put_bytes(notes, notes.size(), note("CORE", 1, prstatus));
    }
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(notes).file())));
    const auto snapshot = must(dump::Snapshot::take(*vmcore, dump::ElfRequest{}));
    ck_assert(snapshot.notes == notes);
    const auto core = must(dump::Snapshot::take(*vmcore, dump::VboxRequest{}));
    ck_assert_uint_eq(core.notes.size(), 44 + 2 * (12 + 8 + 8776));
}
END_TEST

START_TEST(prstatus_of_another_machine_is_made_anew) {
    SmallElf elf = with_notes(note("CORE", 1, Bytes(144)));
    const auto vmcore = must(Vmcore::read(in_memory(elf.file())));  // the file says x86-64
    const auto snapshot = must(dump::Snapshot::take(*vmcore, dump::ElfRequest{}));
    ck_assert_uint_eq(snapshot.notes.size(), 12 + 8 + 336);
}
END_TEST

START_TEST(cpu_note_of_unusual_size_costs_the_registers_only) {
    Bytes notes = note("QEMU", 0, Bytes(16));
    const auto bad_qemu = must(Vmcore::read(in_memory(with_notes(notes).file())));
    ck_assert(warns(*bad_qemu, "QEMU note of vCPU 0"));
    ck_assert_uint_eq(bad_qemu->vcpus().size(), 0);
    put_bytes(notes, notes.size(), note("CORE", 1, Bytes(336)));  // describes the vCPU too
    ck_assert_uint_eq(must(Vmcore::read(in_memory(with_notes(notes).file())))->vcpus().size(), 1);

    for (const size_t size : {size_t{0}, size_t{200}, size_t{392}}) {
        const Bytes odd = note("CORE", 1, Bytes(size));
        const auto vmcore = must(Vmcore::read(in_memory(with_notes(odd).file())));
        ck_assert(warns(*vmcore, "CORE note of vCPU 0"));
        ck_assert_uint_eq(vmcore->vcpus().size(), 0);
        ck_assert_uint_eq(vmcore->contents().blocks.total_bytes(), 0x1000);
    }
}
END_TEST

START_TEST(empty_vmcoreinfo_is_a_warning_and_no_note) {
    Bytes notes = note("CORE", 1, Bytes(336));
    put_bytes(notes, notes.size(), note("VMCOREINFO", 0, {}));
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(notes).file())));
    ck_assert(warns(*vmcore, "the VMCOREINFO note is empty"));
    ck_assert(!vmcore->guest_note().has_value());
}
END_TEST

START_TEST(guest_note_with_wrong_sizes_is_a_warning) {
    Bytes notes = some_notes();
    const Bytes bad = note("VMCOREINFO", 0, noise(1, 20));
    notes.resize(12 + 8 + 336 + 12 + 8 + 440);
    put_bytes(notes, notes.size(), bad);
    support::put_le32(notes, notes.size() - bad.size() + 4, 21000);
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(notes).file())));
    ck_assert_uint_eq(vmcore->vcpus().size(), 1);
    ck_assert_uint_eq(vmcore->contents().warnings.size(), 1);
    ck_assert(!vmcore->guest_note().has_value());
}
END_TEST

/// A dump of one vCPU whose guest has named its note @name.
Bytes guests_note_named(std::string_view name, uint32_t type, size_t size) {
    Bytes notes = some_notes();
    notes.resize(12 + 8 + 336 + 12 + 8 + 440);
    put_bytes(notes, notes.size(), note(name, type, Bytes(size)));
    return with_notes(std::move(notes)).file();
}

START_TEST(a_guests_note_with_a_name_of_the_dumps_own_keeps_nobody_from_the_dump) {
    const struct {
        std::string_view name;
        uint32_t type;
        size_t size;
        size_t warnings;
    } kForged[] = {{"QEMU", 0, 16, 1},    {"QEMU", 0, 440, 1}, {"CORE", 1, 16, 0},
                   {"CORE", 6, 32, 0},    {"CORE", 3, 136, 0}, {"VBCORE", 0xb00, 24, 0},
                   {"VBCPU", 0xb01, 8, 0}};
    for (const auto& forged : kForged) {
        const Bytes file = guests_note_named(forged.name, forged.type, forged.size);
        const auto vmcore = must(Vmcore::read(in_memory(file)));
        ck_assert_uint_eq(vmcore->vcpus().size(), 1);
        ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0xffffffff81000000);
        ck_assert_uint_eq(vmcore->contents().warnings.size(), forged.warnings);
        ck_assert(!vmcore->guest_note().has_value());
    }
}
END_TEST

START_TEST(frozen_guest_pauses_and_stays) {
    const auto vmcore = must(Vmcore::read(in_memory(with_notes(some_notes()).file())));
    ck_assert(!vmcore->running());
    must(vmcore->pause());
    vmcore->resume();
    ck_assert(!vmcore->running());
}
END_TEST

START_TEST(class_follows_the_file_unless_memory_does_not_fit_it) {
    SmallKdump kdump{
        .bits = 32, .pages = {{.pfn = 1, .contents = noise(1, 4096)}}, .machine = "i686"};
    kdump.notes = note("CORE", 1, Bytes(144));
    const auto low = must(Vmcore::read(in_memory(kdump.file())));
    const auto arch = must(low->arch_info(low->blocks()));
    ck_assert(arch.elf_class == format::ElfClass::k32);
    ck_assert_uint_eq(arch.machine, 3);

    guest::GuestPhysBlockList high = low->blocks();
    const guest::GuestPhysBlock block = high.view()[0];
    must(high.add(
        {.range = {guest::Gpa{uint64_t{1} << 32}, 4096}, .region = block.region, .offset = 0}));
    ck_assert(must(low->arch_info(high)).elf_class == format::ElfClass::k64);
}
END_TEST

START_TEST(a_guest_in_64_bit_mode_is_written_as_64_bit) {
    SmallElf elf = with_notes(note("CORE", 1, Bytes(336)));
    elf.bits = 32;  // no emulator writes this with EM_X86_64
    const auto vmcore = must(Vmcore::read(in_memory(elf.file())));
    const auto arch = must(vmcore->arch_info(vmcore->blocks()));
    ck_assert_uint_eq(arch.machine, 62);
    ck_assert(arch.elf_class == format::ElfClass::k64);
}
END_TEST

}  // namespace

Suite* vmcore_suite() {
    return support::make_suite(
        "vmcore",
        {what_is_no_vmcore_is_refused, vcpus_come_from_qemu_notes_of_both_lengths,
         without_qemu_notes_prstatus_tells_the_registers, what_only_prstatus_tells_goes_on_as_it_is,
         prstatus_of_another_machine_is_made_anew,
         cpu_note_of_unusual_size_costs_the_registers_only,
         empty_vmcoreinfo_is_a_warning_and_no_note, guest_note_with_wrong_sizes_is_a_warning,
         a_guests_note_with_a_name_of_the_dumps_own_keeps_nobody_from_the_dump,
         frozen_guest_pauses_and_stays, class_follows_the_file_unless_memory_does_not_fit_it,
         a_guest_in_64_bit_mode_is_written_as_64_bit});
}

}  // namespace guestdump::vmcore
