// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/snapshot.h"

#include <algorithm>
#include <cstring>

#include "dump/elf/program_mappings.h"
#include "tests/support/elf_reader.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scripted_guest.h"

namespace guestdump::dump {

Suite* snapshot_suite();

namespace {

using support::must;
using support::must_fail;
using support::ScriptedGuest;

constexpr const char* kTwoBlocks =
    "mode long\n"
    "cpus 2\n"
    "ram 0x0 3 pages = 00 A5 pattern\n"
    "ram 0x100000 2 pages = pattern\n";

std::unique_ptr<ScriptedGuest> guest(const char* script = kTwoBlocks) {
    return must(ScriptedGuest::parse(script));
}

Request only(uint64_t begin, uint64_t length, bool paging = false) {
    Request request = ElfRequest{.paging = paging};
    request.only = must(guest::GpaRange::make(guest::Gpa{begin}, length));
    return request;
}

ElfRequest paging() {
    return {.paging = true};
}

std::vector<guest::MemoryMapping> mappings_of(const ScriptedGuest& guest, const Request& request) {
    const Snapshot snapshot = must(Snapshot::take(guest, request));
    return {snapshot.mappings.begin(), snapshot.mappings.end()};
}

bool contains(const std::vector<guest::MemoryMapping>& list, const guest::MemoryMapping& mapping) {
    return std::find(list.begin(), list.end(), mapping) != list.end();
}

START_TEST(every_block_is_a_mapping_at_its_physical_address) {
    const auto mappings = mappings_of(*guest(), ElfRequest{});
    ck_assert_uint_eq(mappings.size(), 2);
    ck_assert(mappings[0] == (guest::MemoryMapping{guest::Gpa{0}, guest::Gva{0}, 0x3000}));
    ck_assert(mappings[1] ==
              (guest::MemoryMapping{guest::Gpa{0x100000}, guest::Gva{0x100000}, 0x2000}));
}
END_TEST

START_TEST(notes_are_all_prstatus_then_all_qemu_then_the_guests) {
    auto machine = guest();
    machine->note = support::vmcoreinfo_note("OSRELEASE=6.1\n");
    const Snapshot snapshot = must(Snapshot::take(*machine, ElfRequest{}));
    const auto notes = must(support::read_notes(snapshot.notes, 0, snapshot.notes.size()));
    ck_assert_uint_eq(notes.size(), 5);
    const char* const names[] = {"CORE", "CORE", "QEMU", "QEMU", "VMCOREINFO"};
    for (size_t i = 0; i < 5; ++i) ck_assert_str_eq(notes[i].name.c_str(), names[i]);
    ck_assert_uint_eq(support::le32_at(notes[1].descriptor, 32), 2);
    ck_assert_uint_eq(snapshot.cpu_count, 2);
}
END_TEST

START_TEST(vmcoreinfo_is_found_in_the_notes_and_corrects_phys_base) {
    auto machine = guest();
    const std::string text = "OSRELEASE=6.1\nNUMBER(phys_base)=-16777216\n";
    machine->note = support::vmcoreinfo_note(text);
    const Snapshot snapshot = must(Snapshot::take(*machine, ElfRequest{}));
    ck_assert(snapshot.vmcoreinfo_part.has_value());
    ck_assert_uint_eq(snapshot.vmcoreinfo_part->size, text.size());
    ck_assert(support::text_at(snapshot.notes, snapshot.vmcoreinfo_part->offset, text.size()) ==
              text);
    ck_assert_uint_eq(snapshot.arch.phys_base.value, static_cast<uint64_t>(-16777216));
}
END_TEST

/// A guest that has handed over no note but has its kernel's VMCOREINFO in memory, at 0x5000. The
/// kernel is at 0x3000, the address that VMCOREINFO gives.
std::unique_ptr<ScriptedGuest> forgetful_guest() {
    auto machine = std::make_unique<ScriptedGuest>();
    machine->add_cpu();
    support::Bytes ram(0x6000);
    support::put_text(ram, 0x3048, "Linux");
    support::put_text(ram, 0x3048 + 65 * 2, "6.1.0");
    support::put_text(ram, 0x3048 + 65 * 3, "#1 SMP");
    support::put_text(ram, 0x5000,
                      "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81003040\n"
                      "OFFSET(uts_namespace.name)=8\nSYMBOL(_stext)=ffffffff81003000\n"
                      "NUMBER(phys_base)=-16777216\n");
    machine->add_ram(0, ram);
    return machine;
}

START_TEST(a_note_that_was_not_given_is_found_in_memory) {
    auto machine = forgetful_guest();
    const Snapshot elf = must(Snapshot::take(*machine, ElfRequest{}));
    const Snapshot part = must(Snapshot::take(*machine, only(0, 1)));
    const Snapshot kdump = must(Snapshot::take(*machine, KdumpRequest{}));
    for (const Snapshot* snapshot : {&elf, &part, &kdump}) {
        const auto notes = must(support::read_notes(snapshot->notes, 0, snapshot->notes.size()));
        ck_assert_uint_eq(notes.size(), 3);
        ck_assert(notes[2].name == "VMCOREINFO");
        ck_assert_uint_eq(notes[2].type, 0);
        ck_assert(support::text_at(notes[2].descriptor, 0, 15) == "OSRELEASE=6.1.0");
        ck_assert(snapshot->vmcoreinfo_part.has_value());
        ck_assert_uint_eq(snapshot->arch.phys_base.value, static_cast<uint64_t>(-16777216));
        ck_assert(snapshot->warnings.empty());
    }
}
END_TEST

START_TEST(a_note_is_not_looked_for_where_it_is_not_wanted_or_was_given) {
    auto machine = forgetful_guest();
    Request request;
    request.find_vmcoreinfo = false;
    ck_assert(!must(Snapshot::take(*machine, request)).vmcoreinfo);
    machine->note = support::vmcoreinfo_note("OSRELEASE=5.0\n");
    const Snapshot snapshot = must(Snapshot::take(*machine, ElfRequest{}));
    ck_assert(snapshot.vmcoreinfo->text() == "OSRELEASE=5.0\n");
}
END_TEST

START_TEST(the_kernels_image_has_its_virtual_address_and_blocks_are_cut_around_it) {
    auto machine = forgetful_guest();
    const guest::MemoryMapping image{guest::Gpa{0}, guest::Gva{0xffffffff81000000}, 0x6000};
    ck_assert(mappings_of(*machine, ElfRequest{}) == std::vector{image});
    const guest::MemoryMapping image_part{guest::Gpa{0x1800}, guest::Gva{0xffffffff81001800},
                                          0x1000};
    ck_assert(mappings_of(*machine, only(0x1800, 0x1000)) == std::vector{image_part});

    // The image begins inside one block and ends inside another.
    const guest::GpaRange blocks[] = {{guest::Gpa{0}, 0x5000}, {guest::Gpa{0x5000}, 0x4000}};
    const guest::MemoryMapping inside{guest::Gpa{0x2000}, guest::Gva{0xffffffff81000000}, 0x6000};
    const auto cut = must(simple_mappings({std::begin(blocks), std::end(blocks)}, inside));
    const guest::MemoryMapping expected[] = {
        {guest::Gpa{0}, guest::Gva{0}, 0x2000},
        {guest::Gpa{0x2000}, guest::Gva{0xffffffff81000000}, 0x3000},
        {guest::Gpa{0x5000}, guest::Gva{0xffffffff81003000}, 0x3000},
        {guest::Gpa{0x8000}, guest::Gva{0x8000}, 0x1000}};
    ck_assert(std::equal(cut.begin(), cut.end(), std::begin(expected), std::end(expected)));
}
END_TEST

START_TEST(bad_guest_note_is_a_warning) {
    auto machine = guest();
    guest::GuestNote note = support::vmcoreinfo_note("OSRELEASE=6.1\n");
    support::put_le32(note, 4, 0xffffffff);
    machine->note = note;
    const Snapshot snapshot = must(Snapshot::take(*machine, ElfRequest{}));
    ck_assert(!snapshot.vmcoreinfo);
    ck_assert_uint_eq(snapshot.warnings.size(), 1);
    ck_assert_ptr_nonnull(strstr(snapshot.warnings[0].c_str(), "Invalid guest note header"));
    ck_assert_uint_eq(snapshot.notes.size(), 2 * 816);
}
END_TEST

START_TEST(a_guest_does_not_make_notes_of_the_dumps_own) {
    auto machine = guest();
    machine->note = support::vmcoreinfo_note("OSRELEASE=6.1\n");
    const size_t own_size = machine->note->size();
    const guest::GuestNote forged = [] {
        guest::NoteBuilder notes;
        notes.append("QEMU", 0, support::Bytes(440));
        return std::move(notes).take();
    }();
    // After a good note, and instead of one.
    machine->note->insert(machine->note->end(), forged.begin(), forged.end());
    const Snapshot behind = must(Snapshot::take(*machine, ElfRequest{}));
    ck_assert_uint_eq(behind.notes.size(), 2 * 816 + own_size);
    ck_assert_uint_eq(behind.warnings.size(), 0);
    machine->note = forged;
    const Snapshot instead = must(Snapshot::take(*machine, ElfRequest{}));
    ck_assert_uint_eq(instead.notes.size(), 2 * 816);
    ck_assert_uint_eq(instead.warnings.size(), 1);
}
END_TEST

START_TEST(range_leaves_its_part_of_the_blocks) {
    const Snapshot snapshot = must(Snapshot::take(*guest(), only(0x2800, 0xfe000)));
    ck_assert_uint_eq(snapshot.blocks.view().size(), 2);
    ck_assert_uint_eq(snapshot.blocks.total_bytes(), 0x800 + 0x800);
}
END_TEST

START_TEST(range_without_memory_is_an_error) {
    must_fail(Snapshot::take(*guest(), only(0x3000, 0x1000)), "dump: no guest memory to dump");
}
END_TEST

START_TEST(guest_without_memory_is_an_error) {
    must_fail(Snapshot::take(ScriptedGuest(), ElfRequest{}), "dump: no guest memory to dump");
}
END_TEST

START_TEST(architecture_that_cannot_be_told_is_an_error) {
    auto machine = guest();
    machine->arch_failure = "dumping guest memory is not supported on this target";
    must_fail(Snapshot::take(*machine, ElfRequest{}), "not supported on this target");
}
END_TEST

/// A guest whose only vCPU with paging has @mappings.
std::unique_ptr<ScriptedGuest> paged(std::vector<guest::MemoryMapping> mappings) {
    auto machine = guest();
    support::ScriptedCpu& cpu = machine->add_cpu();
    cpu.root = 0x1000;
    cpu.mappings = std::move(mappings);
    return machine;
}

START_TEST(mapping_over_a_block_border_is_split_not_clamped) {
    const auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0xffff800000000000}, 0x100000}});
    const auto mappings = mappings_of(*machine, paging());
    ck_assert(contains(mappings, {guest::Gpa{0x1000}, guest::Gva{0xffff800000000000}, 0x2000}));
    ck_assert(contains(mappings, {guest::Gpa{0x100000}, guest::Gva{0xffff8000000ff000}, 0x1000}));
}
END_TEST

START_TEST(vcpus_with_one_root_are_walked_once) {
    auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0x8000}, 0x1000}});
    support::ScriptedCpu& other = machine->add_cpu();
    other.root = 0x1000;
    other.mappings = {{guest::Gpa{0x2000}, guest::Gva{0xa000}, 0x1000}};
    ck_assert(!contains(mappings_of(*machine, paging()), other.mappings[0]));
    other.root = 0x2000;
    ck_assert(contains(mappings_of(*machine, paging()), other.mappings[0]));
}
END_TEST

START_TEST(memory_that_no_table_maps_is_reached_through_the_last_mappings) {
    const auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0xffff800000000000}, 0x1000}});
    const std::vector<guest::MemoryMapping> expected{
        {guest::Gpa{0x1000}, guest::Gva{0xffff800000000000}, 0x1000},
        {guest::Gpa{0}, guest::Gva{0x8000000000000000}, 0x3000},
        {guest::Gpa{0x100000}, guest::Gva{0x8000000000100000}, 0x2000}};
    ck_assert(mappings_of(*machine, paging()) == expected);
}
END_TEST

START_TEST(an_image_that_no_table_maps_is_added_without_what_they_map) {
    auto machine = forgetful_guest();
    const std::string lines =
        "OSRELEASE=6.1.0\nSYMBOL(_stext)=ffffffff81003000\n"
        "SYMBOL(swapper_pg_dir)=ffffffff81004000\nNUMBER(phys_base)=-16777216\n";
    machine->note = support::vmcoreinfo_note(lines);
    support::ScriptedCpu& cpu = machine->add_cpu();
    cpu.root = 0x1000;
    // A program, and the kernel's entry code.
    const guest::MemoryMapping program{guest::Gpa{0x5000}, guest::Gva{0x400000}, 0x1000};
    const guest::MemoryMapping entry{guest::Gpa{0x2000}, guest::Gva{0xffffffff81002000}, 0x1000};
    const guest::MemoryMapping window{guest::Gpa{0}, guest::Gva{0x8000000000000000}, 0x6000};
    cpu.mappings = {program, entry};
    const std::vector<guest::MemoryMapping> expected{
        program,
        entry,
        {guest::Gpa{0}, guest::Gva{0xffffffff81000000}, 0x2000},
        {guest::Gpa{0x3000}, guest::Gva{0xffffffff81003000}, 0x3000},
        window};
    ck_assert(mappings_of(*machine, paging()) == expected);
    // A vCPU in the kernel has its full tables.
    const guest::MemoryMapping table{guest::Gpa{0x4000}, guest::Gva{0xffffffff81004000}, 0x1000};
    cpu.mappings.push_back(table);
    ck_assert(mappings_of(*machine, paging()) == (std::vector{program, entry, table, window}));
}
END_TEST

START_TEST(elf32_has_no_addresses_to_spare_for_physical_memory) {
    const auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0xc0000000}, 0x1000}});
    machine->arch.elf_class = format::ElfClass::k32;
    const std::vector<guest::MemoryMapping> expected{
        {guest::Gpa{0x1000}, guest::Gva{0xc0000000}, 0x1000},
        {guest::Gpa{0}, guest::Gva{0}, 0x3000},
        {guest::Gpa{0x100000}, guest::Gva{0x100000}, 0x2000}};
    ck_assert(mappings_of(*machine, paging()) == expected);
}
END_TEST

START_TEST(elf32_cannot_hold_addresses_of_64_bits) {
    const auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0xfffff000}, 0x1000}});
    machine->arch.elf_class = format::ElfClass::k32;
    must(Snapshot::take(*machine, paging()));
    support::ScriptedCpu& high = machine->add_cpu();
    high.root = 0x3000;
    high.mappings = {{guest::Gpa{0x1000}, guest::Gva{0xfffff800}, 0x1000}};
    must_fail(Snapshot::take(*machine, paging()), "ends at 0x1000007ff, beyond the 32 bits");
}
END_TEST

START_TEST(range_leaves_the_mapped_part_that_lies_in_it) {
    const auto machine = paged(
        {{guest::Gpa{0x1000}, guest::Gva{0x7000}, 0x2000}, {guest::Gpa{0}, guest::Gva{0}, 0x1000}});
    const std::vector<guest::MemoryMapping> expected{
        {guest::Gpa{0x1800}, guest::Gva{0x7800}, 0x1000},
        {guest::Gpa{0x1800}, guest::Gva{0x8000000000001800}, 0x1000}};
    ck_assert(mappings_of(*machine, only(0x1800, 0x1000, true)) == expected);
}
END_TEST

START_TEST(more_mappings_than_wanted_are_an_error_after_splitting_too) {
    const auto machine = paged({{guest::Gpa{0x1000}, guest::Gva{0xffff800000000000}, 0x100000}});
    ElfRequest request = paging();
    request.most_mappings = 2;
    must(Snapshot::take(*machine, request));
    request.most_mappings = 1;
    must_fail(Snapshot::take(*machine, request), "more than 1 separate mappings");
}
END_TEST

START_TEST(without_paging_anywhere_the_mapping_is_the_simple_one) {
    ck_assert(mappings_of(*guest(), paging()) == mappings_of(*guest(), ElfRequest{}));
}
END_TEST

}  // namespace

Suite* snapshot_suite() {
    return support::make_suite(
        "snapshot", {every_block_is_a_mapping_at_its_physical_address,
                     notes_are_all_prstatus_then_all_qemu_then_the_guests,
                     vmcoreinfo_is_found_in_the_notes_and_corrects_phys_base,
                     bad_guest_note_is_a_warning,
                     a_guest_does_not_make_notes_of_the_dumps_own,
                     a_note_that_was_not_given_is_found_in_memory,
                     a_note_is_not_looked_for_where_it_is_not_wanted_or_was_given,
                     the_kernels_image_has_its_virtual_address_and_blocks_are_cut_around_it,
                     range_leaves_its_part_of_the_blocks,
                     range_without_memory_is_an_error,
                     guest_without_memory_is_an_error,
                     architecture_that_cannot_be_told_is_an_error,
                     mapping_over_a_block_border_is_split_not_clamped,
                     vcpus_with_one_root_are_walked_once,
                     memory_that_no_table_maps_is_reached_through_the_last_mappings,
                     elf32_has_no_addresses_to_spare_for_physical_memory,
                     elf32_cannot_hold_addresses_of_64_bits,
                     range_leaves_the_mapped_part_that_lies_in_it,
                     more_mappings_than_wanted_are_an_error_after_splitting_too,
                     an_image_that_no_table_maps_is_added_without_what_they_map,
                     without_paging_anywhere_the_mapping_is_the_simple_one});
}

}  // namespace guestdump::dump
