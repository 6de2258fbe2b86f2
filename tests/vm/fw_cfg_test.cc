// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/fw_cfg.h"

#include <cstring>

#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

using support::Bytes;
using support::must;

Suite* fw_cfg_suite();

namespace {

constexpr uint32_t kRequest = 0x1000, kData = 0x2000, kRamSize = 0x100000;
constexpr uint32_t kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;

void put_be32(Bytes& bytes, uint64_t at, uint32_t value) {
    for (uint64_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

/// The device and a guest's memory, accessed by literal ports and offsets.
struct Bench {
    std::shared_ptr<Ram> ram;
    AddressSpace memory;
    int told = 0;  ///< calls that reported a note handed over or taken back
    std::unique_ptr<FwCfg> device;

    Bench() {
        RamSpec spec;
        spec.id = "ram";
        spec.size = kRamSize;
        ram = must(Ram::create(spec));
        must(memory.add({.range = {Gpa{0}, kRamSize}, .region = ram, .host = ram->host()}));
        must(memory.add({.range = {Gpa{0xffff0000}, 0x10000},
                         .region = ram,
                         .host = ram->host(),
                         .kind = MemoryKind::rom}));
        device = std::make_unique<FwCfg>(memory, [this] { ++told; });
    }

    void select(uint16_t item) {
        Bytes value(2);
        support::put_le16(value, 0, item);
        ck_assert(device->write_port(0x510, value));
    }

    std::string read(size_t size) {
        std::string text;
        for (size_t i = 0; i < size; ++i) {
            std::byte one{};
            ck_assert(device->read_port(0x511, {&one, 1}));
            text += static_cast<char>(one);
        }
        return text;
    }

    /// Returns the request's control word afterwards.
    uint32_t transfer(uint32_t control, uint32_t length, uint64_t data, uint32_t at = kRequest) {
        Bytes request(16), high(4), low(4);
        put_be32(request, 0, control);
        put_be32(request, 4, length);
        put_be32(request, 8, static_cast<uint32_t>(data >> 32));
        put_be32(request, 12, static_cast<uint32_t>(data));
        std::memcpy(ram->host() + kRequest, request.data(), request.size());
        put_be32(low, 0, at);
        ck_assert(device->write_port(0x514, high));
        ck_assert(device->write_port(0x518, low));
        std::memcpy(request.data(), ram->host() + kRequest, request.size());
        uint32_t after = 0;
        for (size_t i = 0; i < 4; ++i) after = after << 8 | std::to_integer<uint32_t>(request[i]);
        return after;
    }

    /// The contents that the guest writes to etc/vmcoreinfo.
    void put_file(uint16_t format, uint32_t size, uint64_t address) {
        Bytes file(16);
        support::put_le16(file, 2, format);
        support::put_le32(file, 4, size);
        support::put_le64(file, 8, address);
        std::memcpy(ram->host() + kData, file.data(), file.size());
    }
};

START_TEST(signature_revision_and_directory_are_read_by_ports) {
    Bench bench;
    ck_assert(bench.read(5) == std::string("QEMU\0", 5));
    bench.select(1);
    ck_assert(bench.read(4) == std::string("\3\0\0\0", 4));
    bench.select(0x19);
    ck_assert(bench.read(12) == std::string("\0\0\0\1\0\0\0\20\0\x20\0\0", 12));
    ck_assert(bench.read(56) == "etc/vmcoreinfo" + std::string(42, '\0'));
    bench.select(0x7777);
    ck_assert(bench.read(2) == std::string(2, '\0'));
}
END_TEST

START_TEST(the_dma_port_tells_its_signature) {
    Bench bench;
    Bytes four(4);
    ck_assert(bench.device->read_port(0x514, four));
    ck_assert(support::text_at(four, 0, 4) == "QEMU");
    ck_assert(bench.device->read_port(0x518, four));
    ck_assert(support::text_at(four, 0, 4) == " CFG");
}
END_TEST

START_TEST(other_ports_and_sizes_are_nobodys) {
    Bench bench;
    Bytes four(4), two(2), one(1);
    ck_assert(!bench.device->read_port(0x511, four));
    ck_assert(!bench.device->read_port(0x512, one));
    ck_assert(!bench.device->write_port(0x510, one));
    ck_assert(!bench.device->write_port(0x514, two));
    ck_assert(!bench.device->write_port(0x3f8, one));
}
END_TEST

START_TEST(a_file_written_whole_is_a_note) {
    Bench bench;
    bench.put_file(1, 60, 0x5000);
    ck_assert_uint_eq(bench.transfer(0x200000 | kSelect | kWrite, 16, kData), 0);
    ck_assert_int_eq(bench.told, 1);
    const FwCfg::NotePlace place = bench.device->note().value();
    ck_assert_uint_eq(place.format, 1);
    ck_assert_uint_eq(place.size, 60);
    ck_assert_uint_eq(place.address.value, 0x5000);
    bench.device->reset();
    ck_assert(!bench.device->note());
}
END_TEST

START_TEST(of_no_format_or_in_pieces_it_is_none) {
    Bench bench;
    bench.put_file(1, 60, 0x5000);
    bench.transfer(0x200000 | kSelect | kWrite, 16, kData);
    bench.put_file(0, 60, 0x5000);
    bench.transfer(0x200000 | kSelect | kWrite, 16, kData);
    ck_assert(!bench.device->note());

    bench.put_file(1, 60, 0x5000);
    ck_assert_uint_eq(bench.transfer(0x200000 | kSelect | kWrite, 8, kData), 0);
    ck_assert_uint_eq(bench.transfer(kWrite, 8, kData + 8), 0);
    ck_assert(!bench.device->note());
}
END_TEST

START_TEST(items_are_read_and_skipped_by_dma) {
    Bench bench;
    std::memset(bench.ram->host() + kData, 0xee, 8);
    ck_assert_uint_eq(bench.transfer(kSelect | kSkip, 2, 0), 0);  // skips a part of the signature
    ck_assert_uint_eq(bench.transfer(kRead, 4, kData), 0);
    ck_assert_mem_eq(bench.ram->host() + kData, "MU\0\0\xee", 5);
}
END_TEST

START_TEST(hostile_requests_are_errors_and_nothing_else) {
    Bench bench;
    bench.put_file(1, 60, 0x5000);
    const uint32_t file = 0x200000 | kSelect;
    ck_assert_uint_eq(bench.transfer(file | kWrite, 17, kData), kError);
    ck_assert_uint_eq(bench.transfer(kSelect | kWrite, 4, kData), kError);  // the signature
    ck_assert_uint_eq(bench.transfer(file | kWrite, 16, kRamSize - 15), kError);
    ck_assert_uint_eq(bench.transfer(file | kWrite, 16, UINT64_MAX - 3), kError);
    ck_assert_uint_eq(bench.transfer(file | kRead, 16, 0xffff0000), kError);  // ROM
    ck_assert_uint_eq(bench.transfer(file | kRead, UINT32_MAX, 0), kError);
    ck_assert_uint_eq(bench.transfer(file | kSkip, 0x10001, 0), kError);
    bench.transfer(file | kSkip, 8, 0);
    ck_assert_uint_eq(bench.transfer(kWrite, 9, kData), kError);  // only 8 bytes are left
    for (int i = 0; i < 100; ++i) bench.transfer(kSkip, 0x10000, 0);
    ck_assert_uint_eq(bench.transfer(kWrite, 1, kData), kError);
    ck_assert(!bench.device->note());
    // If the request itself is not in RAM, the guest waits for ever.
    const uint32_t untouched = bench.transfer(file | kWrite, 16, kData, kRamSize - 8);
    ck_assert_uint_eq(untouched, file | kWrite);
    ck_assert(!bench.device->note());
    ck_assert_int_eq(bench.told, 0);
}
END_TEST

}  // namespace

Suite* fw_cfg_suite() {
    return support::make_suite(
        "fw_cfg",
        {signature_revision_and_directory_are_read_by_ports, the_dma_port_tells_its_signature,
         other_ports_and_sizes_are_nobodys, a_file_written_whole_is_a_note,
         of_no_format_or_in_pieces_it_is_none, items_are_read_and_skipped_by_dma,
         hostile_requests_are_errors_and_nothing_else});
}

}  // namespace guestdump::vm
