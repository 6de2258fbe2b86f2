// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/libvirt_image.h"

#include <zlib.h>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "tests/vmcore/small_stream.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* libvirt_image_suite();

namespace {

constexpr size_t kPage = 4096;
constexpr const char* kXml = "<domain type='kvm'><name>web</name></domain>";

SmallStream saved_stream() {
    SmallStream stream;
    for (uint64_t page = 0; page < 16; ++page)
        stream.pages.push_back({.offset = page * kPage, .contents = noise(page, kPage)});
    stream.devices = {stream_cpu(0, 0x1000), stream_host_bridge()};
    return stream;
}

Bytes gzipped(const Bytes& bytes) {
    z_stream stream{};
    ck_assert_int_eq(deflateInit2(&stream, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytes packed(deflateBound(&stream, bytes.size()));
    Bytes plain = bytes;
    stream.next_in = reinterpret_cast<unsigned char*>(plain.data());
    stream.avail_in = static_cast<unsigned>(plain.size());
    stream.next_out = reinterpret_cast<unsigned char*>(packed.data());
    stream.avail_out = static_cast<unsigned>(packed.size());
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

Bytes image(const Bytes& stream, std::string_view magic = "LibvirtQemudSave") {
    Bytes bytes = libvirt_header(kXml, 0, magic);
    support::put_bytes(bytes, bytes.size(), stream);
    return bytes;
}

Bytes page(const Vmcore& vmcore, uint64_t number) {
    Bytes bytes(kPage);
    must(vmcore.blocks().read(guest::Gpa{number * kPage}, bytes));
    return bytes;
}

START_TEST(stream_after_the_header_is_the_guest) {
    SmallStream stream = saved_stream();
    stream.before = libvirt_header(kXml);
    const auto vmcore = must(Vmcore::read(in_memory(stream.file())));
    ck_assert(page(*vmcore, 5) == noise(5, kPage));
    ck_assert_uint_eq(vmcore->vcpus()[0].rip, 0x1010);
    ck_assert_str_eq(vmcore->contents().wrapping.c_str(), "libvirt save image");
}
END_TEST

START_TEST(compressed_stream_is_unpacked) {
    const auto vmcore = must(Vmcore::read(in_memory(image(gzipped(saved_stream().file())))));
    ck_assert(page(*vmcore, 5) == noise(5, kPage));
    ck_assert_str_eq(vmcore->contents().wrapping.c_str(), "libvirt save image, gzip");
}
END_TEST

START_TEST(vmcore_that_is_compressed_as_a_whole_is_unpacked) {
    const auto stream = must(Vmcore::read(in_memory(gzipped(saved_stream().file()))));
    ck_assert(page(*stream, 5) == noise(5, kPage));
    ck_assert_str_eq(stream->contents().wrapping.c_str(), "gzip");
    SmallElf elf;
    elf.loads = {{.paddr = 0x1000, .contents = noise(1, 6000)}};
    const auto vmcore = must(Vmcore::read(in_memory(gzipped(elf.file()))));
    ck_assert_uint_eq(vmcore->blocks().total_bytes(), 6000);
    must_fail(Vmcore::read(in_memory(gzipped(Bytes(100)))), "'memory.vmcore' is no vmcore");
}
END_TEST

START_TEST(compressed_stream_that_is_cut_off_is_read_only_on_request) {
    Bytes bytes = image(gzipped(saved_stream().file()));
    bytes.resize(bytes.size() / 2);
    must_fail(Vmcore::read(in_memory(bytes)), "the gzip data is cut off before offset");
    must_fail(Vmcore::read(in_memory(bytes)), "`guestdump convert --partial` saves what is there");
    const auto vmcore = must(Vmcore::read(in_memory(bytes), {.partial = true}));
    ck_assert(page(*vmcore, 0) == noise(0, kPage));
    ck_assert(!vmcore->contents().missing.empty());
}
END_TEST

START_TEST(image_that_libvirt_has_not_finished_is_read_only_on_request) {
    const Bytes bytes = image(saved_stream().file(), "LibvirtQemudPart");
    must_fail(Vmcore::read(in_memory(bytes)), "libvirt has not finished this save image");
    const auto vmcore = must(Vmcore::read(in_memory(bytes), {.partial = true}));
    ck_assert(page(*vmcore, 5) == noise(5, kPage));
}
END_TEST

START_TEST(headers_that_lie_are_refused) {
    const Bytes whole = image(saved_stream().file());
    for (const size_t size : {16, 40, 91, 100}) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        must_fail(Vmcore::read(in_memory(part)), "of a libvirt save image");
    }
    Bytes bytes = whole;
    support::put_le32(bytes, 16, 3);
    must_fail(Vmcore::read(in_memory(bytes)), "save image of version 3, versions 1 to 2 are known");
    bytes = whole;
    support::put_le32(bytes, 20, 0xffffffff);
    must_fail(Vmcore::read(in_memory(bytes)), "4294967295 bytes of XML");
    bytes = whole;
    support::put_le32(bytes, 20, 10);
    must_fail(Vmcore::read(in_memory(bytes)), "no migration stream follows libvirt's header");
}
END_TEST

START_TEST(dimms_are_where_the_xml_says) {
    const RamAddresses addresses = dimm_addresses(
        "<memory unit='KiB'>1</memory><devices><memory model='dimm'><target/>"
        "<alias name='dimm3'/><address type='dimm' slot='3' base='0x108000000'/></memory>"
        "<memory model='dimm'><address type='dimm' slot='0' base='0x100000000'/></memory>"
        "<memory model='nvdimm'><address type='dimm' slot='1' base='0x200000000'/></memory>"
        "<memory model='dimm'><address type='dimm' slot='4' base='nonsense'/></memory>"
        "<memory model='dimm'><address type='dimm'");
    const std::map<std::string, uint64_t> expected = {{"memdimm3", 0x108000000},
                                                      {"memdimm0", 0x100000000}};
    ck_assert(addresses.dimms == expected);
    SmallStream stream = saved_stream();
    stream.blocks = {{"pc.ram", 0x100000}, {"memdimm0", 0x8000}, {"memdimm1", 0x8000}};
    stream.pages.push_back({.block = "memdimm1", .offset = kPage, .contents = noise(99, kPage)});
    stream.devices.push_back(stream_cmos(0x100000, 0));
    stream.before = libvirt_header(
        "<memory model='dimm'><address type='dimm' slot='0' base='0x100000000'/></memory>"
        "<memory model='dimm'><address type='dimm' slot='1' base='0x180000000'/></memory>");
    const auto vmcore = must(Vmcore::read(in_memory(stream.file())));
    ck_assert_uint_eq(vmcore->blocks().total_bytes(), 0x110000);
    ck_assert(page(*vmcore, 0x180001) == noise(99, kPage));
}
END_TEST

}  // namespace

Suite* libvirt_image_suite() {
    return support::make_suite("libvirt_image",
                               {stream_after_the_header_is_the_guest, compressed_stream_is_unpacked,
                                vmcore_that_is_compressed_as_a_whole_is_unpacked,
                                compressed_stream_that_is_cut_off_is_read_only_on_request,
                                image_that_libvirt_has_not_finished_is_read_only_on_request,
                                headers_that_lie_are_refused, dimms_are_where_the_xml_says});
}

}  // namespace guestdump::vmcore
