// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <vector>

#include "tests/api/callbacks.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::api {

Suite* vmcore_suite();

namespace {

using support::Scratch;

/// A dump of a CallbackMachine, opened.
struct Opened {
    Opened() {
        guestdump_dump* dump = guestdump_dump_new();
        ck_assert_int_eq(guestdump_guest_add_memory(machine.guest, 0x10000000, high.data(),
                                                    high.size(), 0, nullptr),
                         0);
        const std::string path = scratch.path("vmcore");
        ck_assert_int_eq(guestdump_dump_to_path(dump, machine.guest, path.c_str(), nullptr), 0);
        guestdump_dump_free(dump);
        vmcore = guestdump_vmcore_open(path.c_str(), nullptr);
        ck_assert_ptr_nonnull(vmcore);
    }
    ~Opened() { guestdump_vmcore_free(vmcore); }

    const Scratch scratch;
    CallbackMachine machine;
    support::Bytes high = support::noise(9, 8192);
    guestdump_vmcore* vmcore = nullptr;
};

START_TEST(file_is_described) {
    const Opened opened;
    ck_assert_str_eq(guestdump_vmcore_format(opened.vmcore), "ELF64");
    ck_assert_str_eq(guestdump_vmcore_architecture(opened.vmcore), "x86_64");
    ck_assert_uint_eq(guestdump_vmcore_page_size(opened.vmcore), 4096);
    ck_assert_ptr_null(guestdump_vmcore_warning(opened.vmcore, 0));
}
END_TEST

START_TEST(notes_come_one_by_one) {
    const Opened opened;
    ck_assert_uint_eq(guestdump_vmcore_notes(opened.vmcore), 4);
    const char* const names[] = {"CORE", "CORE", "QEMU", "QEMU"};
    for (size_t i = 0; i < 4; ++i) {
        ck_assert_str_eq(guestdump_vmcore_note_name(opened.vmcore, i), names[i]);
        ck_assert_uint_eq(guestdump_vmcore_note_type(opened.vmcore, i), i < 2 ? 1 : 0);
    }
    size_t size = 0;
    const auto* prstatus =
        static_cast<const std::byte*>(guestdump_vmcore_note_data(opened.vmcore, 1, &size));
    ck_assert_uint_eq(size, 336);
    ck_assert_uint_eq(support::le64_at({prstatus, size}, 112 + 5 * 8), 0x1001);
}
END_TEST

START_TEST(note_that_does_not_exist_has_nothing) {
    const Opened opened;
    for (const size_t index : {size_t{4}, SIZE_MAX}) {
        size_t size = 7;
        ck_assert_ptr_null(guestdump_vmcore_note_name(opened.vmcore, index));
        ck_assert_uint_eq(guestdump_vmcore_note_type(opened.vmcore, index), 0);
        ck_assert_ptr_null(guestdump_vmcore_note_data(opened.vmcore, index, &size));
        ck_assert_uint_eq(size, 0);
    }
}
END_TEST

START_TEST(blocks_are_listed) {
    const Opened opened;
    ck_assert_uint_eq(guestdump_vmcore_blocks(opened.vmcore), 2);
    uint64_t start = 0, size = 0;
    ck_assert_int_eq(guestdump_vmcore_block(opened.vmcore, 1, &start, &size), 0);
    ck_assert_uint_eq(start, 0x10000000);
    ck_assert_uint_eq(size, 8192);
    ck_assert_int_eq(guestdump_vmcore_block(opened.vmcore, 2, &start, &size), -1);
}
END_TEST

START_TEST(memory_is_read_or_an_error_says_why_not) {
    const Opened opened;
    support::Bytes buffer(5000);
    guestdump_error* error = nullptr;
    ck_assert_int_eq(
        guestdump_vmcore_read(opened.vmcore, 0x10000010, buffer.data(), buffer.size(), &error), 0);
    ck_assert(support::same(buffer, support::View(opened.high).subspan(0x10, 5000)));
    ck_assert_int_eq(
        guestdump_vmcore_read(opened.vmcore, 0x10001000, buffer.data(), buffer.size(), &error), -1);
    says(error, "0x10002000");
    ck_assert_int_eq(
        guestdump_vmcore_read(opened.vmcore, UINT64_MAX, buffer.data(), buffer.size(), nullptr),
        -1);
}
END_TEST

START_TEST(registers_come_back_as_they_were_given) {
    const Opened opened;
    ck_assert_uint_eq(guestdump_vmcore_vcpus(opened.vmcore), 2);
    guestdump_x86_registers registers;
    std::memset(&registers, 0xee, sizeof registers);
    ck_assert_int_eq(guestdump_vmcore_registers(opened.vmcore, 1, &registers, nullptr), 0);
    ck_assert_uint_eq(registers.rbx, 0x1001);
    ck_assert_uint_eq(registers.rip, 0xffffffff81000001);
    ck_assert_uint_eq(registers.cs.selector, 16);
    ck_assert_uint_eq(registers.cs.flags, 0xa09b00);
    ck_assert_uint_eq(registers.cr0, 0x11);
    for (const uint64_t reserved : registers.reserved) ck_assert_uint_eq(reserved, 0);
    guestdump_error* error = nullptr;
    ck_assert_int_eq(guestdump_vmcore_registers(opened.vmcore, 2, &registers, &error), -1);
    says(error, "there is no vCPU 2: the file has registers of 2");
}
END_TEST

START_TEST(file_that_is_no_vmcore_is_an_error_with_its_name) {
    const Scratch scratch;
    guestdump_error* error = nullptr;
    const std::string path = scratch.path("absent");
    ck_assert_ptr_null(guestdump_vmcore_open(path.c_str(), &error));
    ck_assert_int_eq(guestdump_error_errno(error), ENOENT);
    says(error, path);
    support::write_file(scratch.path("text"), support::noise(1, 10000));
    ck_assert_ptr_null(guestdump_vmcore_open(scratch.path("text").c_str(), &error));
    ck_assert_int_eq(guestdump_error_errno(error), 0);
    says(error, scratch.path("text"));
    ck_assert_ptr_null(guestdump_vmcore_open(path.c_str(), nullptr));
}
END_TEST

START_TEST(nothing_can_be_freed) {
    guestdump_error_free(nullptr);
    guestdump_vmcore_free(nullptr);
    guestdump_guest_free(nullptr);
    guestdump_dump_free(nullptr);
}
END_TEST

}  // namespace

Suite* vmcore_suite() {
    return support::make_suite(
        "vmcore", {file_is_described, notes_come_one_by_one, note_that_does_not_exist_has_nothing,
                   blocks_are_listed, memory_is_read_or_an_error_says_why_not,
                   registers_come_back_as_they_were_given,
                   file_that_is_no_vmcore_is_an_error_with_its_name, nothing_can_be_freed});
}

}  // namespace guestdump::api
