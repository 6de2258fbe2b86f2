// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/post_mortem.h"

#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "vm/memory/ram.h"
#include "vmcore/process/post_mortem_record.h"

namespace guestdump::vm {

using support::le32_at;
using support::le64_at;
using support::must;
using support::text_at;

Suite* post_mortem_suite();

namespace {

std::shared_ptr<Ram> ram_of(const char* name, uint64_t size) {
    RamSpec spec;
    spec.id = name;
    spec.size = size;
    return must(Ram::create(spec));
}

/// RAM at 0x1000, ROM at 4 GiB - 0x1000, and two pieces that a record must not contain.
struct SomeMemory {
    std::shared_ptr<Ram> ram = ram_of("pc.ram", 0x8000), rom = ram_of("pc.bios", 0x1000);
    AddressSpace space;

    SomeMemory() {
        must(space.add({.range = {Gpa{0x1000}, 0x7000},
                        .region = ram,
                        .offset = 0x1000,
                        .host = ram->host() + 0x1000}));
        must(space.add({.range = {Gpa{0xfffff000}, 0x1000},
                        .region = rom,
                        .host = rom->host(),
                        .kind = MemoryKind::rom}));
        must(space.add({.range = {Gpa{0x20000}, 0x1000},
                        .region = ram,
                        .host = ram->host(),
                        .kind = MemoryKind::device}));
        must(space.add({.range = {Gpa{0x30000}, 0x1000}, .region = rom}));  // not mapped
    }
};

target_i386::Registers registers_of(uint64_t number) {
    target_i386::Registers registers;
    registers.rax = registers.rip = registers.cr3 = number;
    registers.efer = 0x500;
    return registers;
}

uint32_t crc_of(support::View bytes, uint64_t first, uint64_t first_size, uint64_t second,
                uint64_t second_size) {
    const auto add = [&](uLong sum, uint64_t at, uint64_t size) {
        return ::crc32(sum, reinterpret_cast<const Bytef*>(bytes.data() + at),
                       static_cast<uInt>(size));
    };
    return static_cast<uint32_t>(add(add(0, first, first_size), second, second_size));
}

uint64_t address_of(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer);
}

START_TEST(the_header_tells_where_the_guests_memory_is) {
    const SomeMemory memory;
    const auto record = must(PostMortem::create(memory.space, {nullptr, nullptr}));

    const support::View bytes = record->bytes();
    ck_assert_uint_eq(address_of(bytes.data()) % 4096, 0);
    ck_assert(text_at(bytes, 0, 16) == "GUESTDUMP RECORD");
    ck_assert_uint_eq(le32_at(bytes, 16), 1);
    ck_assert_uint_eq(le32_at(bytes, 20), 88);
    ck_assert_uint_eq(le64_at(bytes, 24), address_of(bytes.data()));
    ck_assert_uint_eq(le64_at(bytes, 32), bytes.size());
    ck_assert_uint_eq(le64_at(bytes, 40), 88);
    ck_assert_uint_eq(le32_at(bytes, 48), 2);
    ck_assert_uint_eq(le32_at(bytes, 52), 2);
    ck_assert_uint_eq(le32_at(bytes, 80), crc_of(bytes, 0, 80, 88, 2 * 64));
    ck_assert_uint_eq(le64_at(bytes, 88), 0x1000);
    ck_assert_uint_eq(le64_at(bytes, 96), 0x7000);
    ck_assert_uint_eq(le64_at(bytes, 104), address_of(memory.ram->host() + 0x1000));
    ck_assert_uint_eq(le32_at(bytes, 112), 0);
    ck_assert(text_at(bytes, 120, 32) == "pc.ram");
    ck_assert_uint_eq(le64_at(bytes, 152), 0xfffff000);
    ck_assert_uint_eq(le32_at(bytes, 176), 1);
    ck_assert(text_at(bytes, 184, 32) == "pc.bios");
}
END_TEST

START_TEST(an_update_goes_into_the_copies_in_turn) {
    const SomeMemory memory;
    const int live = 0;
    const auto record = must(PostMortem::create(memory.space, {&live}));
    const support::View bytes = record->bytes();
    const uint64_t copies[] = {le64_at(bytes, 56), le64_at(bytes, 64)};
    for (uint64_t number = 1; number <= 5; ++number) {
        const guest::GuestNote note(number, std::byte{0xee});
        const target_i386::Registers registers[] = {registers_of(number)};
        record->update(registers, note);

        const uint64_t at = copies[number % 2], size = 16 + 456 + number;
        ck_assert_uint_eq(le64_at(bytes, at), number);
        ck_assert_uint_eq(le32_at(bytes, at + 8), size);
        ck_assert_uint_eq(le32_at(bytes, at + 12), crc_of(bytes, at, 12, at + 16, size));
        ck_assert_uint_gt(le64_at(bytes, at + 16), 1600000000000000000);
        ck_assert_uint_eq(le32_at(bytes, at + 24), number);
        ck_assert_uint_eq(le32_at(bytes, at + 32), 1);  // the QEMU note's version
        ck_assert_uint_eq(le32_at(bytes, at + 36), 440);
        ck_assert_uint_eq(le64_at(bytes, at + 40), number);  // rax
        ck_assert_uint_eq(le64_at(bytes, at + 32 + 440), 0x500);
        ck_assert_uint_eq(le64_at(bytes, at + 32 + 448), address_of(&live));
        ck_assert(support::same(bytes.subspan(at + 32 + 456, number), note));
        if (number > 1) ck_assert_uint_eq(le64_at(bytes, copies[(number + 1) % 2]), number - 1);
    }
}
END_TEST

START_TEST(a_note_beyond_all_bounds_is_left_out) {
    const SomeMemory memory;
    const auto record = must(PostMortem::create(memory.space, {nullptr}));
    const target_i386::Registers registers[] = {registers_of(1)};
    for (const size_t size : {size_t{guest::kMaxGuestNote}, size_t{guest::kMaxGuestNote} + 1}) {
        record->update(registers, guest::GuestNote(size));
        const auto read =
            must(vmcore::parse_record(record->bytes(), address_of(record->bytes().data())));
        ck_assert(read.note.has_value() == (size == guest::kMaxGuestNote));
    }
}
END_TEST

START_TEST(running_is_told_without_touching_the_rest) {
    const SomeMemory memory;
    const auto record = must(PostMortem::create(memory.space, {}));
    record->update({}, {});
    for (const bool running : {true, false}) {
        record->set_running(running);
        const auto read =
            must(vmcore::parse_record(record->bytes(), address_of(record->bytes().data())));
        ck_assert(read.running == running);
    }
    record->set_running(true);
    record->update({}, {});
    ck_assert(
        !must(vmcore::parse_record(record->bytes(), address_of(record->bytes().data()))).running);
}
END_TEST

/// Updates the record for ever, each time with one number in all registers.
[[noreturn]] void update_for_ever(PostMortem& record) {
    std::vector<target_i386::Registers> registers(16);
    for (uint64_t number = 1;; ++number) {
        for (target_i386::Registers& one : registers) one = registers_of(number);
        record.update(registers, {});
    }
}

START_TEST(whenever_the_process_is_stopped_its_record_is_whole) {
    const SomeMemory memory;
    const auto record =
        must(PostMortem::create(memory.space, std::vector<const void*>(16, nullptr)));
    record->update(std::vector<target_i386::Registers>(16), {});
    const uint64_t address = address_of(record->bytes().data());
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) update_for_ever(*record);

    uint64_t last = 0;
    support::Bytes bytes(record->bytes().size());
    for (int stop = 0; stop < 300; ++stop) {
        usleep(static_cast<useconds_t>(stop % 7) * 50);
        kill(child, SIGSTOP);
        ck_assert_int_eq(waitpid(child, nullptr, WUNTRACED), child);
        const iovec to{bytes.data(), bytes.size()};
        const iovec from{const_cast<std::byte*>(record->bytes().data()), bytes.size()};
        ck_assert_int_eq(process_vm_readv(child, &to, 1, &from, 1, 0),
                         static_cast<ssize_t>(bytes.size()));
        const auto read = must(vmcore::parse_record(bytes, address));
        for (const auto& cpu : read.cpus) {
            ck_assert_uint_eq(cpu.registers.rip, read.cpus[0].registers.rip);
            ck_assert_uint_eq(cpu.registers.cr3, read.cpus[0].registers.rip);
        }
        ck_assert_uint_ge(read.cpus[0].registers.rip, last);
        last = read.cpus[0].registers.rip;
        kill(child, SIGCONT);
    }
    ck_assert_uint_gt(last, 0);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
}
END_TEST

}  // namespace

Suite* post_mortem_suite() {
    return support::make_suite(
        "post_mortem",
        {the_header_tells_where_the_guests_memory_is, an_update_goes_into_the_copies_in_turn,
         a_note_beyond_all_bounds_is_left_out, running_is_told_without_touching_the_rest,
         whenever_the_process_is_stopped_its_record_is_whole});
}

}  // namespace guestdump::vm
