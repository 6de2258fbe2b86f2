// SPDX-License-Identifier: GPL-2.0-or-later
/// Converting files of machines that are not x86.
#include <algorithm>
#include <string_view>

#include "dump/kdump/kdump_layout.h"
#include "dump/snapshot.h"
#include "dump/writer.h"
#include "tests/support/memory_sink.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_machine.h"
#include "vmcore/inspect/compare.h"
#include "vmcore/inspect/describe.h"
#include "vmcore/kdump/kdump_copy.h"

namespace guestdump::vmcore {

using dump::Compression;
using dump::ElfRequest;
using dump::KdumpRequest;
using dump::Request;
using support::Bytes;
using support::must;
using support::must_fail;
using support::same;
using support::View;

Suite* other_machines_convert_suite();

namespace {

std::unique_ptr<Vmcore> opened(const Bytes& file) {
    return must(Vmcore::read(in_memory(file)));
}

qapi::VmcoreInfo described(const Bytes& file) {
    return must(describe(*opened(file), "file", {.find_vmcoreinfo = true, .threads = 1}));
}

/// @file as `guestdump convert` writes it for @request.
Bytes converted(const Bytes& file, const Request& request) {
    const auto vmcore = opened(file);
    const auto snapshot = must(dump::Snapshot::take(*vmcore, request));
    auto writer = must(make_kdump_copy(*vmcore, snapshot, request));
    if (!writer) writer = must(dump::make_writer(snapshot, request));
    support::MemorySink sink;
    dump::Progress progress;
    must(writer->begin(sink, progress));
    must(writer->iterate(*snapshot.memory, sink, progress));
    must(writer->completed(sink));
    return sink.bytes();
}

Request kdump(Compression compression = Compression::zlib) {
    return KdumpRequest{.compression = compression, .flattened = false};
}

constexpr std::string_view kPageSizeLine = "PAGESIZE=";

/// The payload of PT_NOTE, which is the first program header.
View elf_notes(const Bytes& file, const SmallMachine& machine) {
    const bool wide = machine.bits == 64;
    const uint64_t at = wide ? 64 : 52;
    ck_assert_uint_eq(number_at(file, machine, at, 4), 4);
    const uint64_t offset = number_at(file, machine, at + (wide ? 8 : 4), wide ? 8 : 4);
    const uint64_t size = number_at(file, machine, at + (wide ? 32 : 16), wide ? 8 : 4);
    return View(file).subspan(offset, size);
}

/// Checks @file's headers by literal offsets in the machine's byte order.
void expect_kdump_header(const Bytes& file, const SmallMachine& machine, uint64_t max_mapnr) {
    const bool wide = machine.bits == 64;
    const uint64_t status = wide ? 424 : 412, sub = machine.page;
    const auto word = [&](uint64_t at) { return number_at(file, machine, at, 4); };
    ck_assert_uint_eq(word(8), 6);
    ck_assert(std::string(support::text_at(file, 12 + 4 * 65, 65)) == machine.uname);
    ck_assert(std::string(support::text_at(file, 12 + 2 * 65, 65)) == "6.1.0-test");
    ck_assert_uint_eq(word(status + 4), machine.page);
    ck_assert_uint_eq(word(status + 16), max_mapnr);
    ck_assert_uint_eq(word(status + 36), 2);  // nr_cpus
    // 32-bit machines other than i386 have the padded sub header.
    ck_assert_uint_eq(number_at(file, machine, sub + (wide ? 96 : 88), 8), max_mapnr);
    const uint64_t notes = number_at(file, machine, sub + (wide ? 48 : 40), 8);
    const uint64_t size = number_at(file, machine, sub + (wide ? 56 : 48), wide ? 8 : 4);
    ck_assert_uint_eq(notes, sub + (wide ? 104 : 96));
    const Bytes all = notes_of(machine);
    ck_assert(same(View(file).subspan(notes, all.size()), all));
    ck_assert_uint_le(size, all.size());
    const uint64_t text = number_at(file, machine, sub + (wide ? 32 : 24), 8);
    ck_assert(support::text_at(file, text, 22).starts_with("OSRELEASE=6.1.0-test\n"));
}

START_TEST(elf_to_kdump_and_back_is_the_same_file) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes file = elf_of(machine);
        const Bytes there = converted(file, kdump(Compression::zlib));
        expect_kdump_header(there, machine, (0x80000000 / machine.page) + 16);
        ck_assert(must(compare(*opened(file), *opened(there), 1)).equal());
        const Bytes back = converted(there, ElfRequest{});
        ck_assert(must(compare(*opened(file), *opened(back), 1)).equal());
        ck_assert(same(elf_notes(back, machine), notes_of(machine)));
        ck_assert_uint_eq(number_at(back, machine, 18, 2), machine.number);
    }
}
END_TEST

START_TEST(kdump_to_elf_and_back_keeps_pages_notes_and_what_was_left_out) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes file = kdump_of(machine);
        const Bytes back = converted(converted(file, ElfRequest{}), kdump());
        ck_assert(must(compare(*opened(file), *opened(back), 1)).equal());
        ck_assert_uint_eq(described(back).left_out_pages.value_or(0), 2);
        ck_assert_uint_eq(described(back).dump_level.value_or(0), 31);
        ck_assert_uint_eq(described(back).page_size, machine.page);
    }
}
END_TEST

START_TEST(kdump_to_kdump_keeps_everything_with_pages_copied_or_compressed_anew) {
    for (const SmallMachine& machine : kSmallMachines) {
        for (const Compression compression : {Compression::zlib, Compression::lzo}) {
            const Bytes file = kdump_of(machine);
            const Bytes there = converted(file, kdump(compression));
            expect_kdump_header(there, machine, 0x4008);
            ck_assert(must(compare(*opened(file), *opened(there), 1)).equal());
            const bool wide = machine.bits == 64;
            const uint64_t sub = machine.page;
            ck_assert_uint_eq(number_at(there, machine, sub, wide ? 8 : 4), 0x200000);  // phys_base
            ck_assert_uint_eq(number_at(there, machine, sub + (wide ? 8 : 4), 4), 31);
        }
    }
}
END_TEST

START_TEST(elf_to_elf_keeps_notes_flags_and_byte_order) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes there = converted(elf_of(machine), ElfRequest{});
        ck_assert(there[5] == std::byte{machine.big ? uint8_t{2} : uint8_t{1}});
        ck_assert_uint_eq(number_at(there, machine, machine.bits == 64 ? 48 : 36, 4), 0x5000002);
        ck_assert(same(elf_notes(there, machine), notes_of(machine)));
    }
}
END_TEST

START_TEST(elf_keeps_the_block_size_of_a_kdump_file_whatever_vmcoreinfo_says) {
    for (const uint32_t page : {4096u, 16384u, 65536u, 262144u}) {
        SmallMachine machine = kSmallMachines[4];
        machine.page = page;
        Bytes file = kdump_of(machine);
        const auto text = std::search(
            file.begin(), file.end(), kPageSizeLine.begin(), kPageSizeLine.end(),
            [](std::byte one, char other) { return one == static_cast<std::byte>(other); });
        *text = std::byte{'X'};  // XAGESIZE=
        const Bytes back = converted(converted(file, ElfRequest{}), kdump());
        ck_assert_uint_eq(number_at(back, machine, 428, 4), page);
    }
}
END_TEST

START_TEST(vmcoreinfo_apart_from_the_notes_stays_apart) {
    for (const SmallMachine& machine : kSmallMachines) {
        const Bytes there = converted(kdump_of(machine), kdump());
        const bool wide = machine.bits == 64;
        const uint64_t sub = machine.page;
        const uint64_t notes = number_at(there, machine, sub + (wide ? 48 : 40), 8);
        const uint64_t size = number_at(there, machine, sub + (wide ? 56 : 48), wide ? 8 : 4);
        const uint64_t text = number_at(there, machine, sub + (wide ? 32 : 24), 8);
        ck_assert_uint_ge(text, notes + size);
        ck_assert(support::text_at(there, text, 22).starts_with("OSRELEASE=6.1.0-test\n"));
        ck_assert(same(View(there).subspan(notes, size), View(notes_of(machine)).first(size)));
    }
}
END_TEST

/// The file with page frames [start, end) of kdump_of(@machine), whose first page has @index.
Bytes split_part(const SmallMachine& machine, uint64_t start, uint64_t end, uint64_t index) {
    const bool wide = machine.bits == 64;
    const uint64_t sub = machine.page, descriptors = uint64_t{4} * machine.page;
    const uint64_t range = sub + (wide ? 80 : machine.packed ? 56 : 72);
    Bytes file = kdump_of(machine);
    put_number(file, machine, sub + (wide ? 12 : 8), 1, 4);  // split
    put_number(file, machine, range, start, 8);
    put_number(file, machine, range + 8, end, 8);
    const Bytes own(file.begin() + static_cast<ptrdiff_t>(descriptors + 24 * index),
                    file.begin() + static_cast<ptrdiff_t>(descriptors + 72));
    support::put_bytes(file, descriptors, own);
    return file;
}

START_TEST(a_split_set_of_any_machine_is_the_file_that_was_split) {
    for (const SmallMachine& machine : kSmallMachines) {
        const auto set = must(Vmcore::read({in_memory(split_part(machine, 0x4001, 0x4008, 1)),
                                            in_memory(split_part(machine, 0, 0x4001, 0))}));
        ck_assert_uint_eq(set->files(), 2);
        ck_assert(must(compare(*opened(kdump_of(machine)), *set, 1)).equal());
    }
}
END_TEST

START_TEST(qemus_name_of_s390x_becomes_the_one_that_readers_know) {
    SmallMachine machine = kSmallMachines[5];
    machine.uname = "S390X";
    const Bytes there = converted(kdump_of(machine), kdump());
    ck_assert(std::string(support::text_at(there, 12 + 4 * 65, 65)) == "s390x");
}
END_TEST

START_TEST(memory_that_ends_at_4_gib_fits_32_bit_files_and_memory_beyond_makes_elf_64_bit) {
    const SmallMachine& ppc = kSmallMachines[9];
    Bytes file = elf_of(ppc);
    constexpr uint64_t kSecondLoad = 52 + 2 * 32;
    put_number(file, ppc, kSecondLoad + 12, 0xffff0000, 4);
    ck_assert(converted(file, ElfRequest{})[4] == std::byte{1});
    ck_assert(must(compare(*opened(file), *opened(converted(file, kdump())), 1)).equal());

    const auto elf = opened(kdump_of(ppc));
    ck_assert(must(elf->arch_info(elf->blocks())).elf_class == format::ElfClass::k32);
    guest::GuestPhysBlockList high;
    must(high.add({.range = {guest::Gpa{uint64_t{1} << 32}, 4096},
                   .region = elf->blocks().view()[0].region,
                   .offset = 0}));
    const guest::ArchDumpInfo arch = must(elf->arch_info(high));
    ck_assert(arch.elf_class == format::ElfClass::k64);
    ck_assert(dump::KdumpLayout::Input::of(arch).elf_class == format::ElfClass::k32);
}
END_TEST

START_TEST(a_machine_with_an_unknown_name_is_read_and_copied) {
    SmallMachine machine = kSmallMachines[0];
    machine.uname = "pdp11";
    const Bytes file = kdump_of(machine);
    const qapi::VmcoreInfo info = described(file);
    ck_assert_uint_eq(info.warnings.size(), 1);
    ck_assert(info.warnings[0] == "the machine 'pdp11' of the header is not known");
    ck_assert(must(compare(*opened(file), *opened(converted(file, kdump())), 1)).equal());
}
END_TEST

START_TEST(what_needs_x86_is_refused_in_one_line) {
    const auto vmcore = opened(elf_of(kSmallMachines[0]));
    must_fail(dump::Snapshot::take(*vmcore, ElfRequest{.paging = true}),
              "paging is for x86 guests only, the machine of this one is aarch64");
    must_fail(dump::Snapshot::take(*vmcore, dump::VboxRequest{}),
              "a VirtualBox core is for x86 guests only, the machine of this one is aarch64");
}
END_TEST

}  // namespace

Suite* other_machines_convert_suite() {
    return support::make_suite(
        "other_machines_convert",
        {elf_to_kdump_and_back_is_the_same_file,
         kdump_to_elf_and_back_keeps_pages_notes_and_what_was_left_out,
         kdump_to_kdump_keeps_everything_with_pages_copied_or_compressed_anew,
         elf_to_elf_keeps_notes_flags_and_byte_order,
         elf_keeps_the_block_size_of_a_kdump_file_whatever_vmcoreinfo_says,
         vmcoreinfo_apart_from_the_notes_stays_apart,
         a_split_set_of_any_machine_is_the_file_that_was_split,
         qemus_name_of_s390x_becomes_the_one_that_readers_know,
         memory_that_ends_at_4_gib_fits_32_bit_files_and_memory_beyond_makes_elf_64_bit,
         a_machine_with_an_unknown_name_is_read_and_copied, what_needs_x86_is_refused_in_one_line});
}

}  // namespace guestdump::vmcore
