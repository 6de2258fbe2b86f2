// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_stream.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;
using support::noise;

Suite* hostile_stream_suite();

namespace {

constexpr size_t kPage = 4096;
constexpr uint64_t kRam = 0x10000;

/// A guest with 64 KiB of RAM; its CMOS cannot record so little, so the machine type decides.
SmallStream tiny_stream() {
    SmallStream stream;
    stream.blocks = {{"pc.ram", kRam}};
    for (uint64_t page = 0; page < kRam / kPage; ++page) {
        stream.pages.push_back(
            {.offset = page * kPage, .contents = page % 3 == 0 ? noise(page + 1, kPage) : Bytes()});
    }
    stream.devices = {stream_cpu(0, 0x1000), stream_host_bridge()};
    return stream;
}

Result<std::unique_ptr<Vmcore>> open(const Bytes& file, OpenOptions options = {}) {
    return Vmcore::read(in_memory(file), options);
}

Bytes first(const Bytes& file, size_t size) {
    return {file.begin(), file.begin() + static_cast<ptrdiff_t>(size)};
}

Bytes words(std::initializer_list<uint64_t> list) {
    Bytes bytes;
    for (const uint64_t word : list) append_be(bytes, word, 8);
    return bytes;
}

START_TEST(stream_cut_at_any_byte_is_an_error_that_says_so) {
    const SmallStream stream = tiny_stream();
    const Bytes whole = stream.file();
    must(open(whole));
    const auto in_ram = [&](size_t size) {
        return size > stream.after_list + 100 && size < stream.after_ram - 100;
    };
    for (size_t size = 8; size < whole.size(); size += in_ram(size) ? 97 : 1)
        must_fail(open(first(whole, size)), "cut off");
    must_fail(open(first(whole, 3)), "it begins with 51 45 56");
}
END_TEST

START_TEST(part_of_a_cut_stream_is_what_came_and_nothing_else) {
    const SmallStream stream = tiny_stream();
    const Bytes whole = stream.file();
    for (size_t size = stream.after_list; size < whole.size(); size += 509) {
        const auto vmcore = must(open(first(whole, size), {.partial = true}));
        ck_assert(!vmcore->contents().warnings.empty());
        uint64_t there = 0;
        const guest::GuestPhysBlockList blocks = vmcore->blocks();
        for (const guest::GuestPhysBlock& block : blocks.view()) {
            there += block.range.size;
            for (uint64_t at = 0; at < block.range.size; at += kPage) {
                const uint64_t page = (block.range.start.value + at) / kPage;
                Bytes bytes(kPage);
                must(block.region->read(block.offset + at, bytes));
                ck_assert_msg(
                    page % 3 == 0 ? bytes == noise(page + 1, kPage) : support::all_zero(bytes),
                    "page %zu of a stream of %zu bytes", size_t{page}, size);
            }
        }
        const uint64_t missing = guest::total_bytes(vmcore->contents().missing);
        ck_assert_uint_eq(there + missing, kRam);
        if (size >= stream.after_ram) ck_assert_uint_eq(missing, 0);
        ck_assert(vmcore->vcpus().empty());
    }
    must_fail(open(first(whole, stream.after_list + 5000)), "--partial` saves what is there");
}
END_TEST

START_TEST(forms_of_pages_that_only_the_receiver_understands_are_named) {
    const std::pair<uint64_t, const char*> kForms[] = {{0x40, "the capability xbzrle"},
                                                       {0x100, "the capability compress"},
                                                       {0x80, "RDMA"},
                                                       {0x200, "the capability multifd"},
                                                       {0x800, "flags 0x800 at offset"}};
    for (const auto& [flags, name] : kForms) {
        SmallStream stream = tiny_stream();
        stream.more_words = words({0x2000 | flags});
        must_fail(open(stream.file()), name);
    }
    SmallStream shared = tiny_stream();
    shared.capabilities = {"x-ignore-shared"};
    must_fail(open(shared.file()), "the capability x-ignore-shared");
}
END_TEST

START_TEST(pages_outside_of_their_block_are_refused) {
    SmallStream stream = tiny_stream();
    stream.more_words = words({kRam | 0x22});
    must_fail(open(stream.file()),
              "page at 0x10000 of RAM block 'pc.ram', which has 0x10000 bytes");
    stream.more_words = words({0x2});
    append_be(stream.more_words, 4, 1);
    support::put_text(stream.more_words, stream.more_words.size(), "none");
    must_fail(open(stream.file()), "of the RAM block 'none', which is not in its list");
    stream = tiny_stream();
    stream.pages.clear();
    stream.more_words = words({0x22});
    must_fail(open(stream.file()), "names no RAM block");
    stream.more_words = words({0x2});
    append_be(stream.more_words, 6, 1);
    support::put_text(stream.more_words, stream.more_words.size(), "pc.ram");
    append_be(stream.more_words, 0x55, 1);
    must_fail(open(stream.file()), "is filled with 0x55; only 0 is known");
}
END_TEST

START_TEST(blocks_of_impossible_sizes_are_refused) {
    for (const uint64_t size : {uint64_t{0}, uint64_t{100}, uint64_t{1} << 53, ~uint64_t{0xfff}}) {
        SmallStream stream = tiny_stream();
        stream.blocks.push_back({"more", size});
        if (size < kPage) stream.blocks.push_back({"last", kPage - size});
        must_fail(open(stream.file()), "which is not a number of whole pages up to");
    }
    SmallStream twice = tiny_stream();
    twice.blocks.push_back({"pc.ram", kRam});
    must_fail(open(twice.file()), "two RAM blocks are called 'pc.ram'");
}
END_TEST

START_TEST(machines_and_versions_that_are_not_known_are_named) {
    SmallStream stream = tiny_stream();
    stream.machine = "microvm";
    must_fail(open(stream.file()), "machine type 'microvm' is not known; only pc and q35 are");
    Bytes old = tiny_stream().file();
    old[7] = std::byte{2};
    must_fail(open(old), "a migration stream of version 2, only 3 is known");
    Bytes section = tiny_stream().file();
    section[13 + 13] = std::byte{9};  // the first section's type
    must_fail(open(section), "section type 0x09 at offset");
    stream = tiny_stream();
    stream.capabilities.assign(300, "x");
    must_fail(open(stream.file()), "300 capabilities, at most 256");
}
END_TEST

START_TEST(descriptions_that_lie_are_refused) {
    SmallStream stream = tiny_stream();
    stream.devices[0].fields.push_back({"more", UINT64_MAX, 2});
    must_fail(open(stream.file()), "the description of the devices is malformed");
    stream = tiny_stream();
    stream.devices[0].fields.push_back({"more", 1 << 20});
    must_fail(open(stream.file()), "cut off in the state of a device");
    stream = tiny_stream();
    stream.devices[0].fields.pop_back();
    must_fail(open(stream.file()), "section 10 of the stream does not end at offset");
    stream = tiny_stream();
    stream.devices[0].fields[0].name = "other";
    must_fail(open(stream.file()), "no env.regs of vCPU 0");
    stream = tiny_stream();
    stream.devices.push_back(stream.devices[0]);
    must_fail(open(stream.file()), "device 'cpu', instance 0, is in the stream twice");
    stream = tiny_stream();
    stream.description = false;
    must_fail(open(stream.file()), "the description of its devices, at its end, is missing");
    std::string json = "{\"devices\": ";
    json.append(100000, '[');
    json += "}";
    SmallStream bare = tiny_stream();
    bare.description = false;
    Bytes deep = bare.file();
    append_be(deep, 6, 1);
    append_be(deep, json.size(), 4);
    support::put_text(deep, deep.size(), json);
    must_fail(open(deep), "the description of the devices is malformed at byte");
}
END_TEST

START_TEST(mapped_ram_that_lies_outside_of_the_file_is_refused) {
    SmallStream stream = tiny_stream();
    stream.capabilities = {"mapped-ram"};
    stream.mapped_ram = true;
    const Bytes whole = stream.file();
    must(open(whole));
    // The header follows the only block's size, at 105.
    const size_t header = 113;
    ck_assert_uint_eq(support::be64_at(whole, header - 8), kRam);
    const std::pair<size_t, const char*> kFields[] = {
        {header, "mapped-ram version 16777217 with pages of 4096 bytes"},
        {header + 11, "mapped-ram version 1 with pages of 4097 bytes"},
        {header + 12, "which is not possible after"},
        {header + 20, "which is not possible after"}};
    for (const auto& [at, text] : kFields) {
        Bytes changed = whole;
        changed[at] ^= std::byte{1};
        must_fail(open(changed), text);
    }
    for (size_t size = header; size < whole.size(); size += size < 300 ? 1 : 1000) {
        must_fail(open(first(whole, size)), "cut off");
        const auto part = open(first(whole, size), {.partial = true});
        if (!part) continue;
        const uint64_t missing = guest::total_bytes((*part)->contents().missing);
        ck_assert_uint_eq((*part)->blocks().total_bytes() + missing, kRam);
        ck_assert(size > 8192 || missing > 0);
    }
    Bytes beyond = whole;
    support::put_be64(beyond, header + 12, uint64_t{1} << 30);
    support::put_be64(beyond, header + 20, uint64_t{1} << 31);
    must_fail(open(beyond), "cut off in the bitmap of a mapped-ram block");
}
END_TEST

START_TEST(any_changed_byte_leads_to_an_error_or_to_a_vmcore) {
    SmallStream stream = tiny_stream();
    for (StreamPage& page : stream.pages) page.contents.clear();
    const Bytes whole = stream.file();
    for (size_t at = 0; at < whole.size(); ++at) {
        Bytes changed = whole;
        changed[at] ^= static_cast<std::byte>(at % 2 == 0 ? 0xff : 0x01);
        for (const bool partial : {false, true}) {
            const auto vmcore = open(changed, {.partial = partial});
            if (vmcore) ck_assert_uint_le((*vmcore)->vcpus().size(), 1);
        }
    }
}
END_TEST

}  // namespace

Suite* hostile_stream_suite() {
    return support::make_suite(
        "hostile_stream",
        {stream_cut_at_any_byte_is_an_error_that_says_so,
         part_of_a_cut_stream_is_what_came_and_nothing_else,
         forms_of_pages_that_only_the_receiver_understands_are_named,
         pages_outside_of_their_block_are_refused, blocks_of_impossible_sizes_are_refused,
         machines_and_versions_that_are_not_known_are_named, descriptions_that_lie_are_refused,
         mapped_ram_that_lies_outside_of_the_file_is_refused,
         any_changed_byte_leads_to_an_error_or_to_a_vmcore});
}

}  // namespace guestdump::vmcore
