// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vm/machine_bench.h"
#include "vmcore/process/post_mortem_record.h"

namespace guestdump::vm {

Suite* machine_record_suite();

namespace {

using support::must;

vmcore::PostMortemRecord record_of(const Machine& machine) {
    const auto bytes = machine.post_mortem().bytes();
    return must(vmcore::parse_record(bytes, reinterpret_cast<uint64_t>(bytes.data())));
}

START_TEST(the_post_mortem_record_follows_the_machine) {
    const auto b = bench();
    ck_assert_uint_eq(record_of(*b->machine).cpus.size(), 2);
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);
    ck_assert(!record_of(*b->machine).running);

    must(b->machine->cont());
    b->accel.registers[1].rip = 0x1111;
    ck_assert(record_of(*b->machine).running);
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);

    must(b->machine->pause());  // as a dump does
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0x1111);
    ck_assert(!record_of(*b->machine).running);
    b->machine->resume();
    ck_assert(record_of(*b->machine).running);

    b->accel.registers[1].rip = 0x2222;
    b->machine->stop();
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0x2222);
    ck_assert(!record_of(*b->machine).running);

    must(b->machine->request_reset(ShutdownCause::host_qmp_system_reset));
    ck_assert_uint_eq(record_of(*b->machine).cpus[1].registers.rip, 0xfff0);
}
END_TEST

START_TEST(registers_that_cannot_be_read_leave_the_record_as_it_was) {
    const auto b = bench(1);
    must(b->machine->cont());
    b->accel.no_registers = "gone";
    b->machine->stop();
    ck_assert_uint_eq(record_of(*b->machine).cpus[0].registers.rip, 0xfff0);
    ck_assert(record_of(*b->machine).running);
}
END_TEST

START_TEST(the_record_has_the_registers_when_the_stop_is_told) {
    const auto b = running_bench();
    b->accel.registers[0].rip = 0x3333;
    int told = 0;
    b->machine->set_on_event([&](const MachineEvent&) {
        ++told;
        ck_assert_uint_eq(record_of(*b->machine).cpus[0].registers.rip, 0x3333);
        ck_assert(!record_of(*b->machine).running);
    });
    b->machine->stop();
    b->machine->set_on_event({});
    must(b->machine->cont());
    b->accel.registers[0].rip = 0x3333;
    b->machine->set_on_event([&](const MachineEvent&) {
        ++told;
        ck_assert(!record_of(*b->machine).running);
    });
    must(b->machine->pause());
    ck_assert_int_eq(told, 2);
}
END_TEST

START_TEST(registers_that_are_asked_for_do_not_end_the_run) {
    const auto b = running_bench();
    must(b->machine->refresh_cpus());
    ck_assert(b->accel.running);
    ck_assert(record_of(*b->machine).running);
}
END_TEST

/// Hands over a note by DMA, as a guest does. [docs/specs/fw_cfg.rst]
void hand_over_note(MachineBench& bench, uint32_t size, uint64_t gpa) {
    support::Bytes request(16), file(16), high(4), low(4);
    const std::byte control[] = {std::byte{0}, std::byte{0x20}, std::byte{0}, std::byte{8 | 16}};
    std::copy_n(control, 4, request.begin());
    request[7] = std::byte{16};    // bytes
    request[14] = std::byte{0x8};  // at 0x800
    support::put_le16(file, 2, 1);
    support::put_le32(file, 4, size);
    support::put_le64(file, 8, gpa);
    std::copy(request.begin(), request.end(), bench.ram->host() + 0x400);
    std::copy(file.begin(), file.end(), bench.ram->host() + 0x800);
    low[2] = std::byte{0x4};
    ck_assert(bench.accel.device->write_port(0x514, high));
    ck_assert(bench.accel.device->write_port(0x518, low));
}

START_TEST(a_guest_that_writes_its_note_without_end_has_one_message_waiting) {
    const auto b = std::make_unique<MachineBench>();
    MachineParts parts = b->parts(1);
    parts.vmcoreinfo_device = true;
    b->adopt(must(Machine::create(std::move(parts), b->post())));
    for (uint32_t size = 1; size <= 100; ++size) hand_over_note(*b, size, 0);
    ck_assert_uint_eq(b->posted.size(), 1);
    b->spin();
    ck_assert_uint_eq(record_of(*b->machine).note->size(), 100);
    // A later note is reported too.
    hand_over_note(*b, 7, 0);
    ck_assert_uint_eq(b->posted.size(), 1);
    b->spin();
    ck_assert_uint_eq(record_of(*b->machine).note->size(), 7);
}
END_TEST

}  // namespace

Suite* machine_record_suite() {
    return support::make_suite("machine_record",
                               {the_post_mortem_record_follows_the_machine,
                                registers_that_cannot_be_read_leave_the_record_as_it_was,
                                the_record_has_the_registers_when_the_stop_is_told,
                                registers_that_are_asked_for_do_not_end_the_run,
                                a_guest_that_writes_its_note_without_end_has_one_message_waiting});
}

}  // namespace guestdump::vm
