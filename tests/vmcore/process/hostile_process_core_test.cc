// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/process_core.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/one_block_core.h"
#include "tests/vmcore/small_core.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must_fail;
using support::noise;
using support::put_le32;

Suite* hostile_process_core_suite();

namespace {

START_TEST(a_core_of_another_process_is_refused) {
    const std::string error =
        refusal(core_file({{.address = 0x400000, .contents = noise(1, 0x3000)}}));
    ck_assert_msg(says(error, "'memory.vmcore' is the core of a process, and has no record"), "%s",
                  error.c_str());
}
END_TEST

START_TEST(a_record_that_makes_no_sense_is_told_with_its_numbers) {
    const Patch patches[] = {
        {16, 4, 2, "it has version 2"},
        {20, 4, 96, "a header of 96 bytes"},
        {24, 8, 0x1000, "it says that it lies at 0x1000"},
        {32, 8, SmallRecord::kLength + 1, "of which 0x5000 are there"},
        {40, 8, SmallRecord::kLength - 63, "its parts lie outside"},
        {40, 8, UINT64_MAX, "its parts lie outside"},
        {48, 4, UINT32_MAX, "its parts lie outside"},
        {52, 4, 4097, "4097 vCPUs, at most 4096"},
        {52, 4, 18, "0x1d8 bytes for the registers of 18 vCPUs"},
        {56, 8, UINT64_MAX - 1, "its parts lie outside"},
        {64, 8, SmallRecord::kLength, "its parts lie outside"},
        {72, 8, UINT64_MAX, "its parts lie outside"},
        {72, 8, 15, "neither copy of the registers is whole"},
        {88, 8, UINT64_MAX, "0x2000 bytes at guest-physical 0xffffffffffffffff"},
        {88, 8, (uint64_t{1} << 52) - 0x1fff, "cannot be"},
        {96, 8, 0, "0x0 bytes at guest-physical 0x1000"},
        {96, 8, UINT64_MAX, "cannot be"},
        {104, 8, UINT64_MAX - 1, "cannot be"},
        {104, 8, SmallRecord{}.address - 0x1000, "it lies in the memory of its guest"},
    };
    for (const Patch& patch : patches) {
        Bytes record = one_block().bytes();
        support::put_little(record, patch.at, patch.value, patch.size);
        mend_header(record, 1);
        const std::string error = refusal(core_with(record));
        ck_assert_msg(says(error, patch.error), "'%s' does not say '%s'", error.c_str(),
                      patch.error);
        ck_assert(says(error, "'memory.vmcore': the record at 0x7f0000000000"));
    }
}
END_TEST

START_TEST(blocks_that_overlap_are_refused) {
    SmallRecord record = one_block();
    record.blocks.push_back({.gpa = 0x2fff, .size = 0x1000, .host = kRam});
    ck_assert(says(refusal(core_with(record.bytes())), "block 1: memory at 0x2fff begins before"));
}
END_TEST

START_TEST(a_wrong_note_size_and_a_wrong_cpu_state_are_refused) {
    const Patch patches[] = {
        {24, 4, 1, "a guest note of 1 bytes where there are 0"},
        {32, 4, 2, "the QEMU note has version 2"},
        {36, 4, 441, "441"},
    };
    for (const Patch& patch : patches) {
        Bytes record = one_block().bytes();
        for (const unsigned number : {0u, 1u}) {
            support::put_little(record,
                                SmallRecord::kCopies + number * SmallRecord::kCopySize + patch.at,
                                patch.value, patch.size);
            mend_copy(record, number);
        }
        const std::string error = refusal(core_with(record));
        ck_assert_msg(says(error, patch.error), "'%s' does not say '%s'", error.c_str(),
                      patch.error);
    }
}
END_TEST

/// What a guest could write into its memory if it knew that memory's address in the process.
SmallRecord forged() {
    SmallRecord record{.address = kRam, .blocks = {{.gpa = 0, .size = 0x1000, .host = 0x40000}}};
    return record;
}

START_TEST(a_record_in_the_guests_memory_is_not_believed) {
    SmallRecord record = one_block();
    record.blocks[0].size = SmallRecord::kLength;
    const auto vmcore =
        must_read(core_file({{.address = kRam, .contents = forged().bytes()},
                             {.address = 0x40000, .contents = noise(9, 0x1000)},
                             {.address = record.address, .contents = record.bytes()}}));
    ck_assert_uint_eq(vmcore->contents().post_mortem->address, record.address);
}
END_TEST

START_TEST(two_records_of_which_neither_is_in_the_others_guest_are_refused) {
    const SmallRecord record = one_block();
    SmallRecord other = forged();
    other.address = 0x90000;
    const std::string error =
        refusal(core_file({{.address = kRam, .contents = noise(3, 0x2000)},
                           {.address = other.address, .contents = other.bytes()},
                           {.address = record.address, .contents = record.bytes()}}));
    ck_assert_msg(says(error, "records at 0x90000 and 0x7f0000000000"), "%s", error.c_str());
}
END_TEST

START_TEST(a_forger_who_claims_the_true_record_gets_nothing) {
    SmallRecord record = one_block(), liar = forged();
    record.blocks[0].size = SmallRecord::kLength;
    liar.blocks[0].host = record.address;
    const std::string error =
        refusal(core_file({{.address = kRam, .contents = liar.bytes()},
                           {.address = record.address, .contents = record.bytes()}}));
    ck_assert_msg(says(error, "which is the guest's forgery cannot be told"), "%s", error.c_str());
}
END_TEST

START_TEST(a_core_cut_anywhere_gives_what_is_left_or_is_refused) {
    const Bytes whole = small_core();
    size_t warned = 0;
    for (size_t size = 0; size < whole.size(); size += size < 1500 ? 1 : 97) {
        const auto vmcore = Vmcore::read(
            in_memory(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))));
        if (!vmcore) {
            ck_assert(says(vmcore.error().message(), "'memory.vmcore'"));
        } else if (!(*vmcore)->contents().warnings.empty()) {
            ++warned;
        }
    }
    ck_assert_uint_eq(warned, 0);  // the record is last in this file, so without it nothing is left
}
END_TEST

START_TEST(what_a_cut_core_still_has_of_memory_comes_out) {
    const SmallRecord record = one_block();
    Bytes file = core_file({{.address = record.address, .contents = record.bytes()},
                            {.address = kRam, .contents = noise(3, 0x2000)}});
    file.resize(file.size() - 0x800);
    const auto vmcore = must_read(std::move(file));
    ck_assert_uint_eq(vmcore->blocks().total_bytes(), 0x1800);
    ck_assert(says(vmcore->contents().warnings[0], "the core is cut off 0x800 bytes too early"));
}
END_TEST

START_TEST(a_flipped_bit_of_the_record_never_does_harm) {
    const Bytes whole = one_block().bytes();
    for (size_t bit = 0; bit < 8 * (88 + 64); ++bit) {
        Bytes record = whole;
        record[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        if (bit % 3 != 0) mend_header(record, 1);  // so that the code after the check is reached
        const auto vmcore = Vmcore::read(in_memory(core_with(record)));
        if (!vmcore) continue;
        Bytes memory((*vmcore)->blocks().total_bytes());
        ck_assert_uint_le(memory.size(), 0x2000);
    }
}
END_TEST

START_TEST(notes_that_many_headers_share_are_read_within_a_bound) {
    constexpr uint64_t kHeaders = 40;
    SmallElf elf{.loads = std::vector<SmallLoad>(kHeaders), .notes = Bytes(1 << 20)};
    Bytes file = elf.file();
    const Bytes header(file.begin() + 64, file.begin() + 64 + 56);
    for (uint64_t i = 1; i <= kHeaders; ++i) support::put_bytes(file, 64 + i * 56, header);
    const MemorySource source(std::move(file));

    ck_assert(!is_process_core(source));

    ck_assert_uint_le(source.bytes_read(), kMaxNotes + 0x1000);
}
END_TEST

START_TEST(guest_memory_that_is_more_than_the_core_is_refused) {
    constexpr uint64_t kSegments = 8, kSize = 0x4000;
    SmallRecord record{.blocks = {{.gpa = 0, .size = kSegments * kSize, .host = kRam}}};
    SmallElf elf{.notes = note("CORE", 6, Bytes(16))};
    elf.loads = {{.vaddr = record.address, .contents = record.bytes()},
                 {.vaddr = kRam, .contents = noise(1, kSize)}};
    for (uint64_t i = 1; i < kSegments; ++i) {
        elf.loads.push_back({.vaddr = kRam + i * kSize,
                             .contents = elf.loads[1].contents,
                             .memsz = kSize,
                             .same_bytes_as = 1});
    }
    const std::string error = refusal(elf.file());
    ck_assert_msg(says(error, "0x20000 bytes of memory in a file of 0x"), "%s", error.c_str());
}
END_TEST

START_TEST(what_only_looks_like_a_record_is_not_read) {
    Bytes liar = one_block().bytes();
    liar.resize(1 << 20);
    put_le32(liar, 16, 2);  // version
    const auto source = std::make_shared<const MemorySource>(core_file(
        {{.address = 0x100000000, .contents = liar}, {.address = 0x200000000, .contents = liar}}));

    must_fail(read_process_core(source), "the record at 0x100000000: it has version 2");

    ck_assert_uint_le(source->bytes_read(), 0x1000);
}
END_TEST

START_TEST(damaged_records_are_read_within_a_bound) {
    std::vector<SmallMapping> mappings;
    for (uint64_t i = 1; i <= 20; ++i) {
        SmallRecord record = one_block();
        record.address = i << 32;
        Bytes bytes = record.bytes();
        bytes[80] ^= std::byte{1};  // its checksum
        mappings.push_back({.address = record.address, .contents = std::move(bytes)});
    }
    const auto source = std::make_shared<const MemorySource>(core_file(mappings));

    must_fail(read_process_core(source), "the record at 0x100000000: its checksum is");

    ck_assert_uint_le(source->bytes_read(), 16 * (SmallRecord::kLength + 0x100) + 0x1000);
}
END_TEST

}  // namespace

Suite* hostile_process_core_suite() {
    return support::make_suite(
        "hostile_process_core",
        {a_core_of_another_process_is_refused,
         a_record_that_makes_no_sense_is_told_with_its_numbers, blocks_that_overlap_are_refused,
         a_wrong_note_size_and_a_wrong_cpu_state_are_refused,
         a_record_in_the_guests_memory_is_not_believed,
         two_records_of_which_neither_is_in_the_others_guest_are_refused,
         a_forger_who_claims_the_true_record_gets_nothing,
         a_core_cut_anywhere_gives_what_is_left_or_is_refused,
         what_a_cut_core_still_has_of_memory_comes_out, a_flipped_bit_of_the_record_never_does_harm,
         notes_that_many_headers_share_are_read_within_a_bound,
         guest_memory_that_is_more_than_the_core_is_refused,
         what_only_looks_like_a_record_is_not_read, damaged_records_are_read_within_a_bound});
}

}  // namespace guestdump::vmcore
