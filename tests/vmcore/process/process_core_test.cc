// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/process_core.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/one_block_core.h"
#include "tests/vmcore/small_core.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::noise;
using support::put_le64;

Suite* process_core_suite();

namespace {

START_TEST(the_guest_is_found_in_a_core) {
    const auto vmcore = must_read(small_core());

    const guest::GuestPhysBlockList blocks = vmcore->blocks();
    ck_assert_uint_eq(blocks.view().size(), 2);
    Bytes low(0x1000), high(0x2000);
    must(blocks.read(guest::Gpa{0}, low));
    must(blocks.read(guest::Gpa{0x100000}, high));
    const Bytes ram = noise(5, 0x3000);
    ck_assert(support::same(low, support::View(ram).first(0x1000)));
    ck_assert(support::same(high, support::View(ram).subspan(0x1000)));
    ck_assert(vmcore->contents().warnings.empty());
    const PostMortemFacts& facts = *vmcore->contents().post_mortem;
    ck_assert_uint_eq(facts.address, 0x7f0000000000);
    ck_assert_uint_eq(facts.time, 7000000000);
    ck_assert_uint_eq(facts.live_cpus, 1);
}
END_TEST

START_TEST(registers_that_kvm_left_are_the_vcpus) {
    const auto vmcore = must_read(small_core());

    const target_i386::Registers& r = vmcore->vcpus()[0];
    ck_assert_uint_eq(r.rax, 0x1110);
    ck_assert_uint_eq(r.rbp, 0x1117);
    ck_assert_uint_eq(r.r8_to_r15[7], 0x111f);
    ck_assert_uint_eq(r.rip, 0x9000);
    ck_assert_uint_eq(r.rflags, 0x202);
    ck_assert_uint_eq(r.cs.flags, 0xa0fb00);
    ck_assert_uint_eq(r.ss.base, 0x50000);
    ck_assert_uint_eq(r.tr.selector, 0x30);
    ck_assert_uint_eq(r.ldt.selector, 0x38);
    ck_assert_uint_eq(r.gdt.limit, 0x7f);
    ck_assert_uint_eq(r.idt.base, 0xfffffe0000000000);
    ck_assert_uint_eq(r.cr0, 0x80050033);
    ck_assert_uint_eq(r.cr2, 0x2222);
    ck_assert_uint_eq(r.cr3, 0x3000);
    ck_assert_uint_eq(r.cr4, 0x20);
    ck_assert_uint_eq(r.efer, 0x501);
}
END_TEST

START_TEST(without_kvms_memory_registers_are_the_recorded_ones) {
    SmallRecord record = one_block();
    record.cpus = 3;
    record.live = {0, 0x666000};  // that of the second vCPU is not in the core
    record.running = true;

    const auto vmcore = must_read(core_with(record.bytes()));

    ck_assert_uint_eq(vmcore->vcpus().size(), 3);
    ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0x7000);
    ck_assert_uint_eq(vmcore->vcpus()[2].rip, 0x7002);
    ck_assert_uint_eq(vmcore->vcpus()[0].efer, 0xd01);
    ck_assert_uint_eq(vmcore->contents().warnings.size(), 1);
    ck_assert(says(vmcore->contents().warnings[0], "3 of 3 vCPUs are those of the last stop"));
}
END_TEST

START_TEST(of_a_guest_that_stood_still_recorded_registers_are_the_last) {
    ck_assert(must_read(core_with(one_block().bytes()))->contents().warnings.empty());
}
END_TEST

START_TEST(the_note_comes_out_as_the_guest_gave_it) {
    constexpr std::string_view kText = "OSRELEASE=6.1.0\n";
    SmallRecord record = one_block();
    record.note = note("VMCOREINFO", 0, std::as_bytes(std::span(kText)));
    ck_assert(must_read(core_with(record.bytes()))->guest_note() == record.note);
}
END_TEST

START_TEST(memory_in_several_segments_is_one_block_of_the_guest) {
    const SmallRecord record = one_block();
    const Bytes ram = noise(3, 0x2000);
    const Bytes one(ram.begin(), ram.begin() + 0x1000), other(ram.begin() + 0x1000, ram.end());
    const auto vmcore =
        must_read(core_file({{.address = kRam + 0x1000, .contents = other},
                             {.address = record.address, .contents = record.bytes()},
                             {.address = kRam, .contents = one}}));
    Bytes found(0x2000);
    must(vmcore->blocks().read(guest::Gpa{0x1000}, found));
    ck_assert(found == ram);
}
END_TEST

START_TEST(memory_that_is_not_in_the_core_is_a_warning_and_all_of_it_an_error) {
    const SmallRecord record = one_block();
    const SmallMapping mapping{.address = record.address, .contents = record.bytes()};
    const auto half =
        must_read(core_file({{.address = kRam + 0x1000, .contents = noise(3, 0x1000)}, mapping}));
    ck_assert_uint_eq(half->blocks().total_bytes(), 0x1000);
    ck_assert_uint_eq(half->blocks().view()[0].range.start.value, 0x2000);
    ck_assert(says(half->contents().warnings[0], "0x1000 of the guest's 0x2000 bytes"));

    const std::string none =
        refusal(core_file({{.address = kRam, .contents = {}, .memsz = 0x2000}, mapping}));
    ck_assert_msg(says(none, "has none of the guest's 0x2000 bytes of memory"), "%s", none.c_str());
}
END_TEST

START_TEST(a_crash_in_an_update_leaves_the_copy_before_it) {
    Bytes record = one_block().bytes();
    const uint64_t newer = SmallRecord::kCopies + SmallRecord::kCopySize;
    for (uint64_t at = newer; at < newer + 16 + 16 + 456; ++at) {
        Bytes torn = record;
        torn[at] ^= std::byte{0x40};
        ck_assert_uint_eq(must_read(core_with(torn))->vcpus()[0].rip, 0x6000);
    }
    put_le64(record, newer, 0);
    put_le64(record, SmallRecord::kCopies, 0);
    ck_assert(says(refusal(core_with(record)), "neither copy of the registers is whole"));
}
END_TEST

}  // namespace

Suite* process_core_suite() {
    return support::make_suite("process_core",
                               {the_guest_is_found_in_a_core, registers_that_kvm_left_are_the_vcpus,
                                without_kvms_memory_registers_are_the_recorded_ones,
                                of_a_guest_that_stood_still_recorded_registers_are_the_last,
                                the_note_comes_out_as_the_guest_gave_it,
                                memory_in_several_segments_is_one_block_of_the_guest,
                                memory_that_is_not_in_the_core_is_a_warning_and_all_of_it_an_error,
                                a_crash_in_an_update_leaves_the_copy_before_it});
}

}  // namespace guestdump::vmcore
