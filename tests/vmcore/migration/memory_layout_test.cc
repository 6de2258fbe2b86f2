// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/memory_layout.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_stream.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* memory_layout_suite();

namespace {

constexpr size_t kPage = 4096;
constexpr uint64_t kMiB = uint64_t{1} << 20, kGiB = uint64_t{1} << 30;

/// A stream with few pages. Page 1 of every block contains the number of the block.
SmallStream machine(std::vector<SmallStream::Block> blocks, std::vector<StreamDevice> devices) {
    SmallStream stream;
    stream.blocks = std::move(blocks);
    for (size_t i = 0; i < stream.blocks.size(); ++i) {
        stream.pages.push_back(
            {.block = stream.blocks[i].name, .offset = kPage, .contents = noise(i, kPage)});
    }
    stream.devices = std::move(devices);
    stream.devices.push_back(stream_cpu(0, 0x1000));
    return stream;
}

std::unique_ptr<Vmcore> opened(const SmallStream& stream, OpenOptions options = {}) {
    return must(Vmcore::read(in_memory(stream.file()), options));
}

/// Fails unless the memory of @stream is @expected: pairs of start and size.
void check_ranges(const SmallStream& stream,
                  const std::vector<std::pair<uint64_t, uint64_t>>& expected) {
    const auto vmcore = opened(stream);
    const guest::RangeList found = guest::ranges_of(vmcore->blocks());
    std::string text;
    for (const guest::GpaRange& range : found)
        text += " " + std::to_string(range.start.value) + "+" + std::to_string(range.size);
    bool same = found.size() == expected.size();
    for (size_t i = 0; same && i < found.size(); ++i)
        same = found[i].start.value == expected[i].first && found[i].size == expected[i].second;
    ck_assert_msg(same, "found%s", text.c_str());
}

/// True if page 1 of block number @block lies at @address.
bool has(const Vmcore& vmcore, size_t block, uint64_t address) {
    Bytes page(kPage);
    return bool(vmcore.blocks().read(guest::Gpa{address}, page)) && page == noise(block, kPage);
}

START_TEST(memory_is_split_as_the_cmos_records) {
    const SmallStream stream = machine({{"pc.ram", 256 * kMiB}},
                                       {stream_host_bridge(), stream_cmos(128 * kMiB, 128 * kMiB)});
    check_ranges(stream, {{0, 128 * kMiB}, {4 * kGiB, 128 * kMiB}});
}
END_TEST

START_TEST(memory_is_split_as_the_machine_type_does_without_a_cmos) {
    SmallStream stream = machine({{"pc.ram", 4 * kGiB}}, {});
    check_ranges(stream, {{0, 3 * kGiB}, {4 * kGiB, kGiB}});
    stream.machine = "pc-q35-7.2";
    check_ranges(stream, {{0, 2 * kGiB}, {4 * kGiB, 2 * kGiB}});
    stream.blocks[0].size = 0xb0000000 - kPage;
    check_ranges(stream, {{0, 0xb0000000 - kPage}});
}
END_TEST

START_TEST(cmos_that_a_guest_wrote_is_not_believed) {
    const SmallStream stream =
        machine({{"pc.ram", 64 * kMiB}}, {stream_host_bridge(), stream_cmos(32 * kMiB, 0)});
    check_ranges(stream, {{0, 64 * kMiB}});
    const auto vmcore = opened(stream);
    ck_assert_uint_eq(vmcore->contents().warnings.size(), 1);
    ck_assert(vmcore->contents().warnings[0].starts_with("the CMOS does not record the size"));
}
END_TEST

START_TEST(memory_of_a_backend_is_found_by_its_size) {
    const SmallStream stream = machine({{"m0", 64 * kMiB}, {"pc.bios", 0x40000}},
                                       {stream_host_bridge(), stream_cmos(64 * kMiB, 0)});
    check_ranges(stream, {{0, 64 * kMiB}, {4 * kGiB - 0x40000, 0x40000}});
    ck_assert(has(*opened(stream), 1, 4 * kGiB - 0x40000 + kPage));
}
END_TEST

START_TEST(memory_of_numa_nodes_is_in_the_order_of_the_nodes) {
    const SmallStream stream = machine({{"ram-node1", 96 * kMiB}, {"ram-node0", 64 * kMiB}},
                                       {stream_host_bridge(), stream_cmos(128 * kMiB, 32 * kMiB)});
    check_ranges(stream, {{0, 128 * kMiB}, {4 * kGiB, 32 * kMiB}});
    const auto vmcore = opened(stream);
    ck_assert(has(*vmcore, 1, kPage));
    ck_assert(has(*vmcore, 0, 64 * kMiB + kPage));
}
END_TEST

START_TEST(video_memory_is_where_the_guest_put_it_and_the_vga_window_is_no_memory) {
    SmallStream stream = machine(
        {{"pc.ram", 64 * kMiB}, {"0000:00:02.0/vga.vram", kMiB}, {"0000:00:02.0/vga.rom", 0x10000}},
        {stream_host_bridge(), stream_cmos(64 * kMiB, 0), stream_vga(0xfd000000)});
    check_ranges(stream, {{0, 0xa0000}, {0xc0000, 64 * kMiB - 0xc0000}, {0xfd000000, kMiB}});
    ck_assert(has(*opened(stream), 1, 0xfd001000));
    stream.devices[2] = stream_vga(0);
    check_ranges(stream, {{0, 0xa0000}, {0xc0000, 64 * kMiB - 0xc0000}});
    // A display controller that is not a VGA controller does not own that window.
    stream.devices[2] = stream_vga(0xfd000000);
    stream.devices[2].data[4 + 0x0a] = std::byte{0x80};
    check_ranges(stream, {{0, 64 * kMiB}, {0xfd000000, kMiB}});
}
END_TEST

START_TEST(virtio_device_has_its_configuration_at_the_start_of_its_state) {
    SmallStream stream = machine({{"pc.ram", 64 * kMiB}, {"0000:00:02.0/vga.vram", kMiB}},
                                 {stream_host_bridge(), stream_cmos(64 * kMiB, 0)});
    StreamDevice virtio = stream_vga(0xfd000000);
    virtio.name = "0000:00:02.0/virtio-gpu";
    virtio.fields = {{"virtio", virtio.data.size()}};
    stream.devices.push_back(virtio);
    check_ranges(stream, {{0, 0xa0000}, {0xc0000, 64 * kMiB - 0xc0000}, {0xfd000000, kMiB}});
}
END_TEST

START_TEST(graphics_mode_shows_video_memory_in_the_vga_window) {
    SmallStream stream =
        machine({{"pc.ram", 64 * kMiB}, {"0000:00:02.0/vga.vram", kMiB}},
                {stream_host_bridge(), stream_cmos(64 * kMiB, 0), stream_vga(0xfd000000)});
    Bytes& data = stream.devices[2].data;
    data[276 + 5 + 2] = std::byte{0x0f};          // sr[2]: all planes
    data[276 + 5 + 4] = std::byte{0x08};          // sr[4]: chain 4
    data[276 + 5 + 8 + 1 + 6] = std::byte{0x04};  // gr[6]: 64 KiB at 0xa0000
    support::put_bytes(data, data.size() - 4, Bytes{std::byte{0}, std::byte{1}, {}, {}});  // bank 1
    check_ranges(stream, {{0, 0xb0000}, {0xc0000, 64 * kMiB - 0xc0000}, {0xfd000000, kMiB}});
    stream.pages[1].offset = 0x10000 + kPage;
    ck_assert(has(*opened(stream), 1, 0xa1000));
}
END_TEST

START_TEST(firmware_is_seen_below_1_mib_until_it_is_copied_to_memory) {
    SmallStream stream = machine({{"pc.ram", 64 * kMiB}, {"pc.bios", 0x40000}},
                                 {stream_host_bridge(0x00), stream_cmos(64 * kMiB, 0)});
    stream.pages[1].offset = 0x40000 - kPage;
    ck_assert(has(*opened(stream), 1, kMiB - kPage));
    stream.devices[0] = stream_host_bridge(0x10);
    ck_assert(!has(*opened(stream), 1, kMiB - kPage));
    ck_assert(has(*opened(stream), 1, 4 * kGiB - kPage));
}
END_TEST

START_TEST(memory_in_system_management_is_no_memory_of_q35) {
    SmallStream stream =
        machine({{"pc.ram", 64 * kMiB}}, {stream_host_bridge(), stream_cmos(64 * kMiB, 0)});
    stream.machine = "pc-q35-7.2";
    stream.devices[0].name = "0000:00:00.0/mch";
    Bytes& data = stream.devices[0].data;
    for (size_t i = 0; i < 7; ++i) data[4 + 0x90 + i] = std::byte{0x33};
    data[4 + 0x9c] = {};
    data[4 + 0x9d] = std::byte{0x0a};  // SMRAM on
    data[4 + 0x9e] = std::byte{0x05};  // TSEG of 8 MiB, on
    check_ranges(stream, {{0, 56 * kMiB}});
    data[4 + 0x9e] = std::byte{0x04};
    check_ranges(stream, {{0, 64 * kMiB}});
}
END_TEST

/// A machine whose memory above 4 GiB reaches the addresses of HyperTransport, which AMD hosts
/// avoid. The vCPU's page tables begin at @root.
SmallStream large_machine(uint64_t root, std::vector<SmallStream::Block> dimms = {}) {
    std::vector<SmallStream::Block> blocks = {{"pc.ram", 1030 * kGiB}};
    blocks.insert(blocks.end(), dimms.begin(), dimms.end());
    SmallStream stream = machine(std::move(blocks), {});
    support::Bytes& cpu = stream.devices.back().data;
    for (size_t i = 0; i < 8; ++i)
        cpu[472 + i] = static_cast<std::byte>(root >> (56 - 8 * i));  // cr[3]
    return stream;
}

START_TEST(memory_that_amd_hosts_move_is_where_the_page_tables_are) {
    const SmallStream unmoved = large_machine(5 * kGiB);
    check_ranges(unmoved, {{0, 3 * kGiB}, {4 * kGiB, 1027 * kGiB}});
    const SmallStream moved = large_machine(1500 * kGiB);
    check_ranges(moved, {{0, 3 * kGiB}, {1024 * kGiB, 1027 * kGiB}});
}
END_TEST

START_TEST(memory_that_amd_hosts_move_is_refused_if_nothing_shows_its_place) {
    constexpr const char* kRefusal = "at 4 GiB or, if the host is AMD's, at 1 TiB";
    for (const uint64_t both : {kGiB, 1025 * kGiB})
        must_fail(Vmcore::read(in_memory(large_machine(both).file())), kRefusal);
    // These page tables may be in the DIMM.
    const SmallStream dimm = large_machine(1500 * kGiB, {{"d", 512 * kGiB}});
    const OpenOptions place{.addresses = {.dimms = {{"d", 1100 * kGiB}}}};
    must_fail(Vmcore::read(in_memory(dimm.file()), place), kRefusal);
    // q35 keeps 32 GiB after memory for PCI.
    SmallStream less = large_machine(kGiB);
    less.machine = "pc-q35-9.0";
    less.blocks[0].size = 979 * kGiB;
    must_fail(Vmcore::read(in_memory(less.file())), kRefusal);
    less.blocks[0].size = 978 * kGiB;
    check_ranges(less, {{0, 2 * kGiB}, {4 * kGiB, 976 * kGiB}});
}
END_TEST

START_TEST(memory_that_amd_hosts_move_is_where_the_caller_or_the_machine_type_says) {
    SmallStream stream = large_machine(kGiB);
    for (const uint64_t place : {4 * kGiB, 1024 * kGiB}) {
        const auto vmcore = opened(stream, {.addresses = {.above_4g = place}});
        ck_assert_uint_eq(guest::ranges_of(vmcore->blocks()).back().start.value, place);
    }
    const OpenOptions nowhere{.addresses = {.above_4g = 7 * kGiB}};
    must_fail(Vmcore::read(in_memory(stream.file()), nowhere), "cannot be at 0x1c0000000");
    stream.machine = "pc-i440fx-7.0";
    check_ranges(stream, {{0, 3 * kGiB}, {4 * kGiB, 1027 * kGiB}});
    for (const char* const newer : {"pc-i440fx-7.1", "pc-i440fx-rhel7.0.0", "pc-i440fx-10.0"}) {
        stream.machine = newer;
        must_fail(Vmcore::read(in_memory(stream.file())), "if the host is AMD's");
    }
}
END_TEST

START_TEST(one_dimm_is_at_the_first_gib_above_memory) {
    SmallStream stream =
        machine({{"pc.ram", 256 * kMiB}, {"d", 64 * kMiB}},
                {stream_host_bridge(), stream_cmos(128 * kMiB, 128 * kMiB), stream_slots(1)});
    check_ranges(stream, {{0, 128 * kMiB}, {4 * kGiB, 128 * kMiB}, {5 * kGiB, 64 * kMiB}});
    ck_assert(has(*opened(stream), 1, 5 * kGiB + kPage));
    // No slot is in use: it is the memory of a device that is not a DIMM.
    stream.devices[2] = stream_slots(0);
    must_fail(Vmcore::read(in_memory(stream.file())), "of RAM blocks 'd', which may be DIMMs");
}
END_TEST

START_TEST(dimms_without_addresses_are_named_and_left_out_only_on_request) {
    const SmallStream stream =
        machine({{"pc.ram", 128 * kMiB}, {"d1", 64 * kMiB}, {"d2", 32 * kMiB}},
                {stream_host_bridge(), stream_cmos(128 * kMiB, 0), stream_slots(2)});
    must_fail(Vmcore::read(in_memory(stream.file())), "RAM blocks 'd1', 'd2'");
    const auto vmcore = opened(stream, {.partial = true});
    ck_assert_uint_eq(vmcore->blocks().total_bytes(), 128 * kMiB);
    ck_assert_uint_eq(vmcore->contents().warnings.size(), 1);
}
END_TEST

}  // namespace

Suite* memory_layout_suite() {
    return support::make_suite(
        "memory_layout",
        {memory_is_split_as_the_cmos_records,
         memory_is_split_as_the_machine_type_does_without_a_cmos,
         cmos_that_a_guest_wrote_is_not_believed, memory_of_a_backend_is_found_by_its_size,
         memory_of_numa_nodes_is_in_the_order_of_the_nodes,
         video_memory_is_where_the_guest_put_it_and_the_vga_window_is_no_memory,
         virtio_device_has_its_configuration_at_the_start_of_its_state,
         graphics_mode_shows_video_memory_in_the_vga_window,
         firmware_is_seen_below_1_mib_until_it_is_copied_to_memory,
         memory_in_system_management_is_no_memory_of_q35, one_dimm_is_at_the_first_gib_above_memory,
         memory_that_amd_hosts_move_is_where_the_page_tables_are,
         memory_that_amd_hosts_move_is_refused_if_nothing_shows_its_place,
         memory_that_amd_hosts_move_is_where_the_caller_or_the_machine_type_says,
         dimms_without_addresses_are_named_and_left_out_only_on_request});
}

}  // namespace guestdump::vmcore
