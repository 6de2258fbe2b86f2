// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/elf/elf_reader.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::error_of;
using support::must;
using support::must_fail;
using support::noise;
using support::put_le16;
using support::put_le32;
using support::put_le64;

Suite* elf_reader_suite();

namespace {

/// All of a block's bytes.
Bytes contents_of(const guest::GuestPhysBlock& block) {
    Bytes bytes(block.range.size);
    must(block.region->read(block.offset, bytes));
    return bytes;
}

SmallElf one_load() {
    return {.loads = {{.paddr = 0x100000, .contents = noise(1, 5000)}}};
}

START_TEST(memory_registers_and_guest_note_are_read_back) {
    for (const int bits : {32, 64}) {
        SmallElf elf = one_load();
        elf.bits = bits;
        elf.machine = bits == 64 ? 62 : 3;

        const auto vmcore = must(Vmcore::read(in_memory(elf.file())));

        const guest::GuestPhysBlockList blocks = vmcore->blocks();
        ck_assert_uint_eq(blocks.view().size(), 1);
        ck_assert_uint_eq(blocks.view()[0].range.start.value, 0x100000);
        ck_assert(contents_of(blocks.view()[0]) == noise(1, 5000));
        ck_assert_uint_eq(vmcore->vcpus().size(), 1);
        ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0xffffffff81000000);
        ck_assert(vmcore->guest_note().has_value());
        ck_assert(support::text_at(*vmcore->guest_note(), 24, 16) == "OSRELEASE=6.1.0\n");
        const auto arch = must(vmcore->arch_info(blocks));
        ck_assert_int_eq(arch.elf_class == format::ElfClass::k64 ? 64 : 32, bits);
    }
}
END_TEST

START_TEST(program_headers_may_lie_behind_a_gap) {
    SmallElf elf = one_load();
    elf.gap = 128;  // two section headers, which QEMU since 7.2 writes first
    const Contents contents = must(read_elf(in_memory(elf.file())));
    ck_assert_uint_eq(contents.blocks.total_bytes(), 5000);
}
END_TEST

START_TEST(program_header_count_is_taken_from_section_zero) {
    for (const int bits : {32, 64}) {
        SmallElf elf = one_load();
        elf.bits = bits;
        elf.count_in_section = true;
        const Contents contents = must(read_elf(in_memory(elf.file())));
        ck_assert_uint_eq(contents.blocks.total_bytes(), 5000);
    }
}
END_TEST

START_TEST(loads_that_overlap_are_one_memory) {
    const Bytes memory = noise(7, 0x3000);
    const Bytes part(memory.begin(), memory.begin() + 0x1000);
    SmallElf elf;
    elf.loads = {{.paddr = 0x1000, .vaddr = 0xffff800000000000, .contents = memory},
                 {.paddr = 0x1000, .vaddr = 0x400000, .contents = part, .same_bytes_as = 0}};
    // Like a large page across the end of a block, which QEMU cuts only in the file.
    elf.loads.push_back(
        {.paddr = 0x1000, .vaddr = 0, .contents = part, .memsz = 0x8000, .same_bytes_as = 0});

    const Contents contents = must(read_elf(in_memory(elf.file())));

    ck_assert_uint_eq(contents.blocks.view().size(), 1);
    ck_assert(contents_of(contents.blocks.view()[0]) == memory);
}
END_TEST

START_TEST(loads_that_make_more_memory_than_the_file_has_bytes_are_refused) {
    SmallElf elf = one_load();
    for (uint64_t i = 2; i <= 4; ++i) {
        elf.loads.push_back({.paddr = i << 20,
                             .contents = elf.loads[0].contents,
                             .memsz = 5000,
                             .same_bytes_as = 0});
    }
    must_fail(Vmcore::read(in_memory(elf.file())),
              "'memory.vmcore': 0x4e20 bytes of memory in a file of 0x");
}
END_TEST

START_TEST(of_loads_that_overlap_in_part_the_lower_one_counts_first) {
    SmallElf elf;
    elf.loads = {{.paddr = 0x3000, .contents = noise(1, 0x2000)},
                 {.paddr = 0x2000, .contents = noise(2, 0x2000)}};
    const Contents contents = must(read_elf(in_memory(elf.file())));
    Bytes memory(0x3000), expected = noise(2, 0x2000);
    must(contents.blocks.read(guest::Gpa{0x2000}, memory));
    const Bytes upper = noise(1, 0x2000);
    support::put_bytes(expected, 0x2000, support::View(upper).subspan(0x1000));
    ck_assert(memory == expected);
}
END_TEST

START_TEST(loads_in_any_order_join_where_the_file_goes_on) {
    SmallElf elf;
    elf.loads = {{.paddr = 0x5000, .contents = noise(1, 0x1000)},
                 {.paddr = 0x6000, .contents = noise(2, 0x1000)},
                 {.paddr = 0x2000, .contents = noise(3, 0x1000)}};
    const Contents contents = must(read_elf(in_memory(elf.file())));
    ck_assert_uint_eq(contents.blocks.view().size(), 2);
    ck_assert_uint_eq(contents.blocks.view()[0].range.start.value, 0x2000);
    ck_assert_uint_eq(contents.blocks.view()[1].range.size, 0x2000);
}
END_TEST

START_TEST(memory_without_bytes_in_the_file_is_in_no_block) {
    SmallElf elf = one_load();
    elf.loads.push_back({.paddr = 0x200000, .contents = {}, .memsz = 0x1000});
    Bytes file = elf.file();
    put_le64(file, elf.program_headers() + 2 * 56 + 8, UINT64_MAX);  // p_offset, as QEMU writes it
    const Contents contents = must(read_elf(in_memory(file)));
    ck_assert_uint_eq(contents.blocks.view().size(), 1);
    ck_assert(contents.left_out == RangeList({{guest::Gpa{0x200000}, 0x1000}}));
}
END_TEST

START_TEST(memory_beyond_the_bytes_of_the_file_was_left_out) {
    SmallElf elf;
    elf.loads = {{.paddr = 0, .contents = noise(1, 0x4000), .memsz = 0x10000},
                 {.paddr = 0x8000, .contents = noise(2, 0x1000), .memsz = 0x1000},
                 {.paddr = 0x100000, .contents = noise(3, 0x1000), .memsz = UINT64_MAX}};
    const Contents contents = must(read_elf(in_memory(elf.file())));
    const RangeList expected = {{guest::Gpa{0x4000}, 0x4000}, {guest::Gpa{0x9000}, 0x7000}};
    ck_assert(contents.left_out == expected);
    ck_assert_uint_eq(contents.blocks.total_bytes(), 0x6000);
}
END_TEST

START_TEST(virtualbox_writes_no_ident_version) {
    Bytes file = one_load().file();
    file[6] = std::byte{0};
    ck_assert_uint_eq(must(read_elf(in_memory(file))).blocks.total_bytes(), 5000);
}
END_TEST

/// Reads a file with two loads in which a field of the first has this value.
Contents with_odd_load(int bits, const Patch& patch) {
    SmallElf elf = one_load();
    elf.bits = bits;
    elf.machine = bits == 64 ? 62 : 3;
    elf.loads.push_back({.paddr = 0x200000, .contents = noise(2, 4096)});
    Bytes file = elf.file();
    const uint64_t first = elf.program_headers() + (bits == 64 ? 56 : 32);
    support::put_little(file, first + patch.at, patch.value, patch.size);
    return must(read_elf(in_memory(file)));
}

START_TEST(load_with_an_impossible_address_is_skipped_with_a_warning) {
    const Patch patches[] = {
        {24, 8, UINT64_MAX, "1 PT_LOAD of 0x1388 bytes skipped: no physical address"},
        {24, 8, UINT64_MAX - 100, "1 PT_LOAD of 0x1388 bytes skipped: physical addresses have"},
        {24, 8, (uint64_t{1} << 52) - 4999, "the first is program header 1"},
    };
    for (const Patch& patch : patches) {
        const Contents contents = with_odd_load(64, patch);
        ck_assert_uint_eq(contents.blocks.total_bytes(), 4096);
        ck_assert_uint_eq(contents.warnings.size(), 1);
        ck_assert_msg(contents.warnings[0].find(patch.error) != std::string::npos, "%s",
                      contents.warnings[0].c_str());
    }
    const Contents narrow = with_odd_load(32, {12, 4, UINT32_MAX, ""});
    ck_assert_uint_eq(narrow.blocks.total_bytes(), 4096);
    ck_assert(narrow.warnings[0].find("no physical address") != std::string::npos);
}
END_TEST

START_TEST(load_with_more_bytes_in_the_file_than_in_memory_is_taken_whole) {
    const Contents contents = with_odd_load(64, {40, 8, 4999, ""});
    ck_assert_uint_eq(contents.blocks.total_bytes(), 5000 + 4096);
    ck_assert(contents.warnings[0].find("p_filesz is more than p_memsz") != std::string::npos);
}
END_TEST

START_TEST(of_loads_at_one_address_the_first_in_the_file_counts) {
    // The sorting algorithm depends on the number of loads.
    for (const uint64_t others : {0u, 5u, 40u, 400u}) {
        SmallElf elf;
        elf.loads = {{.paddr = 0x1000, .contents = noise(1, 0x1000)},
                     {.paddr = 0x1000, .contents = noise(2, 0x1000)}};
        for (uint64_t i = 0; i < others; ++i)
            elf.loads.push_back({.paddr = 0x100000 - i * 0x1000, .contents = noise(3, 16)});
        const Contents contents = must(read_elf(in_memory(elf.file())));
        Bytes memory(0x1000);
        must(contents.blocks.read(guest::Gpa{0x1000}, memory));
        ck_assert(memory == noise(1, 0x1000));
    }
}
END_TEST

START_TEST(what_makes_no_sense_is_told_with_its_numbers) {
    constexpr uint64_t kLoad = 64 + 56;
    const Patch patches[] = {
        {4, 1, 3, "e_ident[EI_CLASS] is 3"},
        {5, 1, 2, "e_type is 1024"},
        {5, 1, 7, "e_ident[EI_DATA] is 7"},
        {16, 2, 2, "e_type is 2"},
        {54, 2, 32, "e_phentsize is 32"},
        {56, 2, 0xffff, "no section 0"},
        {56, 2, 0xfffe, "the program header table of 3669904 bytes at offset 64 ends beyond"},
        {32, 8, UINT64_MAX, "the program header table of 112 bytes at offset 18446744073709551615"},
        {kLoad + 8, 8, UINT64_MAX, "program header 1: 'memory.vmcore': PT_LOAD of 5000 bytes"},
        {kLoad + 32, 8, 5001, "PT_LOAD of 5001 bytes"},
        {64 + 32, 8, UINT64_MAX,
         "program header 0: 'memory.vmcore': PT_NOTE of 18446744073709551615"},
    };
    for (const Patch& patch : patches) {
        Bytes file = one_load().file();
        support::put_little(file, patch.at, patch.value, patch.size);
        must_fail(Vmcore::read(in_memory(file)), patch.error);
        must_fail(Vmcore::read(in_memory(file)), "'memory.vmcore'");
    }
}
END_TEST

START_TEST(hostile_header_count_allocates_nothing) {
    SmallElf elf = one_load();
    elf.count_in_section = true;
    Bytes file = elf.file();
    put_le32(file, file.size() - 64 + 44, UINT32_MAX);
    must_fail(read_elf(in_memory(file)), "4294967295 program headers");
    put_le32(file, file.size() - 64 + 44, 8000000);
    must_fail(read_elf(in_memory(file)), "the program header table of 448000000 bytes");
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused) {
    const Bytes whole = one_load().file();
    for (size_t size = 0; size < whole.size(); size += size < 1500 ? 1 : 97) {
        const std::string error = error_of(Vmcore::read(
            in_memory(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)))));
        ck_assert_msg(error.find("'memory.vmcore'") != std::string::npos, "%s", error.c_str());
    }
}
END_TEST

START_TEST(a_flipped_bit_never_does_harm) {
    const Bytes whole = one_load().file();
    for (size_t bit = 0; bit < 8 * 1200; ++bit) {
        Bytes file = whole;
        file[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        const auto vmcore = Vmcore::read(in_memory(std::move(file)));
        if (!vmcore) continue;
        for (const guest::GuestPhysBlock& block : (*vmcore)->contents().blocks.view())
            contents_of(block);
    }
}
END_TEST

}  // namespace

Suite* elf_reader_suite() {
    return support::make_suite(
        "elf_reader",
        {memory_registers_and_guest_note_are_read_back, program_headers_may_lie_behind_a_gap,
         program_header_count_is_taken_from_section_zero, loads_that_overlap_are_one_memory,
         loads_that_make_more_memory_than_the_file_has_bytes_are_refused,
         of_loads_that_overlap_in_part_the_lower_one_counts_first,
         loads_in_any_order_join_where_the_file_goes_on,
         memory_without_bytes_in_the_file_is_in_no_block,
         memory_beyond_the_bytes_of_the_file_was_left_out, virtualbox_writes_no_ident_version,
         load_with_an_impossible_address_is_skipped_with_a_warning,
         load_with_more_bytes_in_the_file_than_in_memory_is_taken_whole,
         of_loads_at_one_address_the_first_in_the_file_counts,
         what_makes_no_sense_is_told_with_its_numbers, hostile_header_count_allocates_nothing,
         a_file_cut_anywhere_is_refused, a_flipped_bit_never_does_harm});
}

}  // namespace guestdump::vmcore
