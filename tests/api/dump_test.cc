// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>
#include <thread>

#include "tests/api/callbacks.h"
#include "tests/support/elf_reader.h"
#include "tests/support/kdump_reader.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/support/scratch.h"

namespace guestdump::api {

Suite* dump_suite();

namespace {

using support::must;
using support::Scratch;

/// A dump of the C interface that is freed in the end.
struct Dump {
    ~Dump() { guestdump_dump_free(dump); }

    /// The message if the dump fails; otherwise empty.
    std::string to_path(CallbackMachine& machine, const std::string& path) {
        guestdump_error* error = nullptr;
        const int status = guestdump_dump_to_path(dump, machine.guest, path.c_str(), &error);
        if (status == 0) ck_assert_ptr_null(error);
        if (status == 0) return "";
        ck_assert_int_eq(status, -1);
        os_error = guestdump_error_errno(error);
        return take(error);
    }

    guestdump_dump* dump = guestdump_dump_new();
    int os_error = 0;
};

void expect(const std::string& message, const char* wanted) {
    ck_assert_str_eq(message.c_str(), wanted);
}

START_TEST(elf_dump_has_the_memory_and_registers_of_the_callbacks) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    expect(dump.to_path(machine, scratch.path("vmcore")), "");
    ck_assert_uint_eq(guestdump_dump_memory(dump.dump), machine.ram.size());
    ck_assert_ptr_null(guestdump_dump_warning(dump.dump, 0));
    const support::Bytes file = support::read_file(scratch.path("vmcore"));
    const support::ElfFile elf = must(support::read_elf(file));
    ck_assert_uint_eq(elf.machine, 62);
    ck_assert(*elf.physical(0, machine.ram.size()) == machine.ram);
    const auto prstatus = elf.notes_named("CORE");
    ck_assert_uint_eq(prstatus.size(), 2);
    // pr_reg begins at 112; rbx is the sixth register and rip the seventeenth.
    ck_assert_uint_eq(support::le64_at(prstatus[1].descriptor, 112 + 5 * 8), 0x1001);
    ck_assert_uint_eq(support::le64_at(prstatus[1].descriptor, 112 + 16 * 8), 0xffffffff81000001);
    ck_assert_int_eq(machine.pauses, 1);
    ck_assert_int_eq(machine.resumes, 1);
}
END_TEST

START_TEST(every_format_of_the_list_can_be_chosen) {
    const Scratch scratch;
    std::set<std::string> names;
    for (size_t i = 0; guestdump_format(i) != nullptr; ++i) {
        CallbackMachine machine;
        Dump dump;
        names.insert(guestdump_format(i));
        ck_assert_int_eq(guestdump_dump_set_format(dump.dump, guestdump_format(i), nullptr), 0);
        expect(dump.to_path(machine, scratch.path("vmcore")), "");
        guestdump_vmcore* vmcore = guestdump_vmcore_open(scratch.path("vmcore").c_str(), nullptr);
        ck_assert_ptr_nonnull(vmcore);
        support::Bytes page(4096);
        ck_assert_int_eq(guestdump_vmcore_read(vmcore, 0x5000, page.data(), page.size(), nullptr),
                         0);
        ck_assert(support::same(page, support::View(machine.ram).subspan(0x5000, 4096)));
        guestdump_vmcore_free(vmcore);
    }
    ck_assert(names.count("elf") == 1 && names.count("kdump-zlib") == 1);
}
END_TEST

START_TEST(options_reach_the_file) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    ck_assert_int_eq(guestdump_dump_set_format(dump.dump, "kdump-raw-zlib", nullptr), 0);
    guestdump_dump_set_level(dump.dump, 1);
    guestdump_dump_set_range(dump.dump, 0x10000, 0x3000);
    guestdump_dump_set_threads(dump.dump, 1);
    guestdump_dump_set_find_vmcoreinfo(dump.dump, 0);
    ck_assert_int_eq(guestdump_dump_set_exclude(dump.dump, 1, nullptr), 0);
    expect(dump.to_path(machine, scratch.path("vmcore")), "");
    const support::Bytes file = support::read_file(scratch.path("vmcore"));
    const support::KdumpFile kdump = must(support::read_kdump(file));
    ck_assert_uint_eq(kdump.pages.size(), 3);
    ck_assert_uint_eq(kdump.pages.begin()->first, 0x10);
    ck_assert_uint_eq(guestdump_dump_memory(dump.dump), 0x3000);
}
END_TEST

START_TEST(bad_options_are_errors_before_anything_is_touched) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    guestdump_error* error = nullptr;
    ck_assert_int_eq(guestdump_dump_set_format(dump.dump, "elf\n", &error), -1);
    says(error, "there is no format 'elf\\x0a'");
    ck_assert_int_eq(guestdump_dump_set_exclude(dump.dump, 32, &error), -1);
    says(error, "a dump level is 0 to 31, not 32");
    ck_assert_int_eq(guestdump_dump_set_format(dump.dump, "kdump-zlib", nullptr), 0);
    guestdump_dump_set_paging(dump.dump, 1);
    expect(dump.to_path(machine, scratch.path("vmcore")),
           "kdump-compressed format doesn't support paging or filter");
    guestdump_dump_set_paging(dump.dump, 0);
    guestdump_dump_set_level(dump.dump, 99);
    ck_assert(dump.to_path(machine, scratch.path("vmcore")).find("a value from 1 to") !=
              std::string::npos);
    ck_assert_int_eq(machine.pauses, 0);
    ck_assert(scratch.names().empty());
}
END_TEST

START_TEST(memory_that_fails_is_an_error_with_its_errno_and_leaves_no_file) {
    const Scratch scratch;
    CallbackMachine machine;
    machine.bad_offset = 0x123456;
    Dump dump;
    const std::string message = dump.to_path(machine, scratch.path("vmcore"));
    ck_assert_msg(message.find("of 'memory at 0x0': Input/output error") != std::string::npos, "%s",
                  message.c_str());
    ck_assert_int_eq(dump.os_error, EIO);
    ck_assert_uint_eq(guestdump_dump_memory(dump.dump), 0);
    ck_assert(scratch.names().empty());
    ck_assert_int_eq(machine.resumes, 1);
}
END_TEST

START_TEST(guest_that_cannot_be_stopped_or_read_is_an_error_and_continues) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    machine.pause_status = EBUSY;
    expect(dump.to_path(machine, scratch.path("vmcore")),
           "stopping the guest: Device or resource busy");
    machine.pause_status = 0;
    machine.bad_vcpu = 1;
    machine.register_status = -ENXIO;  // some programs return it negated
    expect(dump.to_path(machine, scratch.path("vmcore")),
           "reading the registers of vCPU 1: No such device or address");
    ck_assert_int_eq(dump.os_error, ENXIO);
    machine.register_status = INT32_MIN;
    dump.to_path(machine, scratch.path("vmcore"));
    ck_assert_int_eq(dump.os_error, EIO);
    ck_assert_int_eq(machine.pauses, 3);
    ck_assert_int_eq(machine.resumes, 3);
    ck_assert(scratch.names().empty());
}
END_TEST

int cancel_at_once(void* opaque, int phase, uint64_t completed, uint64_t total) {
    ck_assert_int_ge(phase, GUESTDUMP_PHASE_PREPARE);
    ck_assert_uint_le(completed, total);
    ++*static_cast<int*>(opaque);
    return 1;
}

START_TEST(progress_may_cancel) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    int reports = 0;
    guestdump_dump_set_progress(dump.dump, cancel_at_once, &reports, 0);
    // The first report comes as soon as the guest has been stopped; a dump this small may have
    // ended by then.
    const std::string message = dump.to_path(machine, scratch.path("vmcore"));
    ck_assert_int_le(reports, 1);
    if (message.empty()) return;
    expect(message, "cancelled");
    ck_assert_int_eq(dump.os_error, ECANCELED);
    ck_assert(scratch.names().empty());
}
END_TEST

START_TEST(another_thread_cancels_a_dump_whose_reader_is_stuck) {
    std::array<int, 2> ends;
    ck_assert_int_eq(::pipe2(ends.data(), O_CLOEXEC), 0);
    CallbackMachine machine;
    Dump dump;
    std::thread other([&] {
        ::usleep(30'000);
        guestdump_dump_cancel(dump.dump);
    });
    guestdump_error* error = nullptr;
    ck_assert_int_eq(guestdump_dump_to_fd(dump.dump, machine.guest, ends[1], &error), -1);
    other.join();
    ck_assert_int_eq(guestdump_error_errno(error), ECANCELED);
    says(error, "cancelled");
    ck_assert_int_eq(machine.resumes, 1);
    ck_assert_int_eq(::fcntl(ends[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);  // still the caller's
}
END_TEST

START_TEST(guest_without_vcpus_or_memory_is_an_error) {
    const Scratch scratch;
    guestdump_guest* guest = guestdump_guest_new();
    Dump dump;
    guestdump_error* error = nullptr;
    const std::string path = scratch.path("vmcore");
    ck_assert_int_eq(guestdump_dump_to_path(dump.dump, guest, path.c_str(), &error), -1);
    says(error, "the guest has no vCPU");
    ck_assert_int_eq(
        guestdump_guest_set_vcpus(guest, 0, CallbackMachine::get_registers, nullptr, &error), -1);
    says(error, "a guest has 1 to 4096 vCPUs, not 0");
    ck_assert_int_eq(
        guestdump_guest_set_vcpus(guest, 4097, CallbackMachine::get_registers, nullptr, nullptr),
        -1);
    CallbackMachine registers;
    ck_assert_int_eq(
        guestdump_guest_set_vcpus(guest, 1, CallbackMachine::get_registers, &registers, nullptr),
        0);
    ck_assert_int_eq(guestdump_dump_to_path(dump.dump, guest, path.c_str(), &error), -1);
    guestdump_error_free(error);
    ck_assert(scratch.names().empty());
    guestdump_guest_free(guest);
}
END_TEST

START_TEST(memory_that_no_guest_has_is_refused) {
    CallbackMachine machine;
    guestdump_error* error = nullptr;
    const auto add = [&](uint64_t gpa, uint64_t size, unsigned flags) {
        error = nullptr;
        return guestdump_guest_add_memory(machine.guest, gpa, machine.ram.data(), size, flags,
                                          &error);
    };
    ck_assert_int_eq(add(0x400000, 0, 0), -1);
    says(error, "the range at 0x400000 is empty");
    ck_assert_int_eq(add(UINT64_MAX, 2, 0), -1);
    says(error, "ends beyond the 64-bit address space");
    ck_assert_int_eq(add((uint64_t{1} << 52) - 4096, 8192, 0), -1);
    says(error, "end beyond the 52 bits of an x86 guest's addresses");
    ck_assert_int_eq(add(0x3ff000, 8192, 0), -1);
    says(error, "overlap");
    ck_assert_int_eq(add(0x400000, 4096, 6), -1);
    says(error, "unknown flags of memory: 0x6");
    ck_assert_int_eq(add(0x400000, 4096, GUESTDUMP_MEMORY_ANONYMOUS), 0);
}
END_TEST

START_TEST(note_of_the_guest_is_copied_and_checked) {
    const Scratch scratch;
    CallbackMachine machine;
    Dump dump;
    support::Bytes note(24);
    support::put_le32(note, 0, 11);
    support::put_le32(note, 4, 0xfffffff0);  // a descriptor that does not fit
    ck_assert_int_eq(guestdump_guest_set_note(machine.guest, note.data(), note.size(), nullptr), 0);
    note.assign(note.size(), std::byte{0xee});
    expect(dump.to_path(machine, scratch.path("vmcore")), "");
    ck_assert_ptr_nonnull(strstr(guestdump_dump_warning(dump.dump, 0), "guest note"));
    ck_assert_ptr_null(guestdump_dump_warning(dump.dump, 1));
    guestdump_error* error = nullptr;
    const support::Bytes long_note((1 << 20) + 1);
    ck_assert_int_eq(
        guestdump_guest_set_note(machine.guest, long_note.data(), long_note.size(), &error), -1);
    says(error, "has 1048577 bytes, more than 1048576");
}
END_TEST

}  // namespace

Suite* dump_suite() {
    return support::make_suite(
        "dump", {elf_dump_has_the_memory_and_registers_of_the_callbacks,
                 every_format_of_the_list_can_be_chosen, options_reach_the_file,
                 bad_options_are_errors_before_anything_is_touched,
                 memory_that_fails_is_an_error_with_its_errno_and_leaves_no_file,
                 guest_that_cannot_be_stopped_or_read_is_an_error_and_continues,
                 progress_may_cancel, another_thread_cancels_a_dump_whose_reader_is_stuck,
                 guest_without_vcpus_or_memory_is_an_error, memory_that_no_guest_has_is_refused,
                 note_of_the_guest_is_copied_and_checked});
}

}  // namespace guestdump::api
