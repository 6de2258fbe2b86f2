// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/elf_writer.h"
#include "tests/dump/dumping.h"
#include "tests/support/elf_reader.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* vbox_writer_suite();

namespace {

using support::Bytes;
using support::le32_at;
using support::le64_at;
using support::must;

/// RAM, a hole for devices, two adjacent blocks of RAM, a hole, firmware.
constexpr const char* kGuest =
    "mode long\n"
    "cpus 2\n"
    "ram 0x0 3 pages = pattern\n"
    "ram 0x100000 1 pages = pattern\n"
    "ram 0x101000 1 pages = text\n"
    "ram 0xfffff000 1 pages = pattern\n";

Bytes file_of(const guest::Guest& guest, const Request& request = VboxRequest{}) {
    support::MemorySink sink(support::MemorySink::Order::growing);
    must(dump_to(sink, guest, request));
    return sink.bytes();
}

Bytes file_of(const std::string& script, const Request& request = VboxRequest{}) {
    return file_of(*must(support::ScriptedGuest::parse(script)), request);
}

struct Load {
    uint64_t paddr, filesz, memsz;
    bool operator==(const Load&) const = default;
};

/// The PT_LOADs. Fails the test unless their other fields are as in VirtualBox's files and the
/// bytes are the guest's.
std::vector<Load> loads_of(const Bytes& file, const guest::Guest& guest) {
    std::vector<Load> loads;
    const uint16_t count = support::le16_at(file, 56);
    for (uint64_t at = 64 + 56; at < 64 + 56 * uint64_t{count}; at += 56) {
        ck_assert_uint_eq(le32_at(file, at), 1);
        ck_assert_uint_eq(le32_at(file, at + 4), 4);   // PF_R
        ck_assert_uint_eq(le64_at(file, at + 16), 0);  // p_vaddr
        ck_assert_uint_eq(le64_at(file, at + 48), 0);  // p_align
        const Load load{le64_at(file, at + 24), le64_at(file, at + 32), le64_at(file, at + 40)};
        const uint64_t offset = le64_at(file, at + 8);
        ck_assert(support::inside(file, offset, load.filesz));
        Bytes memory(load.filesz);
        must(guest.blocks().read(guest::Gpa{load.paddr}, memory));
        ck_assert(support::same(memory, support::View(file).subspan(offset, load.filesz)));
        loads.push_back(load);
    }
    return loads;
}

START_TEST(ranges_come_in_order_and_holes_have_no_bytes) {
    const auto guest = must(support::ScriptedGuest::parse(kGuest));
    const std::vector<Load> expected{{0, 0x3000, 0x3000},        {0x3000, 0, 0xfd000},
                                     {0x100000, 0x1000, 0x1000}, {0x101000, 0x1000, 0x1000},
                                     {0x102000, 0, 0xffefd000},  {0xfffff000, 0x1000, 0x1000}};
    ck_assert(loads_of(file_of(*guest), *guest) == expected);
}
END_TEST

START_TEST(a_range_cuts_blocks_and_holes) {
    const auto guest = must(support::ScriptedGuest::parse(kGuest));
    Request request = VboxRequest{};
    request.only = must(guest::GpaRange::make(guest::Gpa{0x2800}, 0xfe000));
    const std::vector<Load> expected{
        {0x2800, 0x800, 0x800}, {0x3000, 0, 0xfd000}, {0x100000, 0x800, 0x800}};
    ck_assert(loads_of(file_of(*guest, request), *guest) == expected);
    Request behind = VboxRequest{};
    behind.only = must(guest::GpaRange::make(guest::Gpa{0x101000}, 0x2000));
    const std::vector<Load> last{{0x101000, 0x1000, 0x1000}, {0x102000, 0, 0x1000}};
    ck_assert(loads_of(file_of(*guest, behind), *guest) == last);
}
END_TEST

START_TEST(notes_are_the_cores_and_then_each_vcpus) {
    const Bytes file = file_of(kGuest);
    const uint64_t at = le64_at(file, 64 + 8), size = le64_at(file, 64 + 32);
    ck_assert_uint_eq(le32_at(file, 64), 4);
    ck_assert_uint_eq(size, 44 + 2 * (12 + 8 + 440));
    const uint32_t words[] = {6, 24, 0xb00};
    for (size_t i = 0; i < 3; ++i) ck_assert_uint_eq(le32_at(file, at + 4 * i), words[i]);
    ck_assert(support::text_at(file, at + 12, 8) == "VBCORE");
    const uint32_t core[] = {0xc01ac0de, 0x00010006, 24, 0, 0, 2};
    for (size_t i = 0; i < 6; ++i) ck_assert_uint_eq(le32_at(file, at + 20 + 4 * i), core[i]);
    for (const uint64_t cpu : {at + 44, at + 44 + 460}) {
        ck_assert_uint_eq(le32_at(file, cpu), 5);
        ck_assert_uint_eq(le32_at(file, cpu + 8), 0xb01);
        ck_assert(support::text_at(file, cpu + 12, 8) == "VBCPU");
    }
}
END_TEST

START_TEST(the_guests_note_follows) {
    const Bytes file = file_of(std::string(kGuest) + "vmcoreinfo OSRELEASE=6.1.0\n");
    const uint64_t at = le64_at(file, 64 + 8) + 44 + 2 * 460;
    ck_assert_uint_eq(le32_at(file, at), 11);
    ck_assert(support::text_at(file, at + 12, 12) == "VMCOREINFO");
    ck_assert(support::text_at(file, at + 24, 15) == "OSRELEASE=6.1.0");
}
END_TEST

START_TEST(whatever_the_guests_mode_the_file_is_x86_64_elf64) {
    const Bytes file = file_of("mode protected\ncpus 1\nram 0x0 1 pages = pattern\n");
    ck_assert_int_eq(std::to_integer<int>(file[4]), 2);
    ck_assert_int_eq(std::to_integer<int>(file[6]), 1);
    ck_assert_uint_eq(support::le16_at(file, 18), 62);
    ck_assert_uint_eq(le64_at(file, 40), 0);  // no sections
}
END_TEST

}  // namespace

Suite* vbox_writer_suite() {
    return support::make_suite("vbox_writer", {
                                                  ranges_come_in_order_and_holes_have_no_bytes,
                                                  a_range_cuts_blocks_and_holes,
                                                  notes_are_the_cores_and_then_each_vcpus,
                                                  the_guests_note_follows,
                                                  whatever_the_guests_mode_the_file_is_x86_64_elf64,
                                              });
}

}  // namespace guestdump::dump
