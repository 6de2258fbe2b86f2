// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/unpack/unpack.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_files.h"
#include "vmcore/vmcore.h"

namespace guestdump::vmcore {

using support::must;
using support::must_fail;

Suite* unpack_suite();

namespace {

/// plain() as each program compressed it.
struct PackedText {
    const char* program;
    const char* hex;
};
constexpr PackedText kPacked[] = {
    {"gzip",
     "1f8b0800000000000203edc6b10900200c00b0dd3b2b9d0a82edffde21245372f6ed983a2bcd"
     "ccccccccccccccccccccccccccccccccccccbedd0343df829710270000"},
    {"bzip2",
     "425a6839314159265359f860eda20007cfc180001006824e0020007220c988135511a6d4e548"
     "3b520ca9079520d5483b520faa419520ca9065483c5dc914e14243e183b688"},
    {"xz",
     "fd377a585a000004e6d6b4460200210116000000742fe5a3e0270f00375d00339d48cef58c27"
     "9f0587aac300fe4b44f0ecdf724192c3b30c684788761dbf68ea1b12edec3a2379e55232328e"
     "4966d4ac58c9aee8ac000000629422e5c76a113c000153904e0000009aa682e3b1c467fb0200"
     "00000004595a"},
    {"lzop",
     "894c5a4f000d0a1a0a104020a0094003090300000d000000006b0de3e300000000002f7c03b4"
     "00002710000000449ee343221b677565737464756d700a2000000000000000e6240020000000"
     "00000000e624002000000000000000e624002000000000000000e6240020000000000000eb24"
     "0011000000000000"},
    {"zstd", "28b52ffd046895000050677565737464756d700a010003a77c4102322a9654"}};

/// "guestdump\n", 1000 times.
Bytes plain() {
    Bytes bytes;
    for (int i = 0; i < 1000; ++i) support::put_text(bytes, bytes.size(), "guestdump\n");
    return bytes;
}

Bytes from_hex(std::string_view hex) {
    Bytes bytes;
    for (size_t at = 0; at < hex.size(); at += 2)
        bytes.push_back(
            static_cast<std::byte>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16)));
    return bytes;
}

/// A program whose library this build has.
bool built(const PackedText& packed) {
    const Packing* const packing = packing_at(*in_memory(from_hex(packed.hex)), 0);
    ck_assert_ptr_nonnull(packing);
    ck_assert_str_eq(packing->name, packed.program);
    return packing->make != nullptr;
}

Unpacked unpacked(const Bytes& bytes, uint64_t offset = 0) {
    const auto source = in_memory(bytes);
    return must(unpack(*source, offset, *packing_at(*source, offset), {}));
}

Bytes contents(const FileSource& file) {
    Bytes bytes(file.size());
    must(file.read_at(0, bytes));
    return bytes;
}

START_TEST(each_compression_is_undone) {
    for (const PackedText& packed : kPacked) {
        if (!built(packed)) continue;
        Bytes bytes(100);
        support::put_bytes(bytes, bytes.size(), from_hex(packed.hex));
        const Unpacked result = unpacked(bytes, 100);
        ck_assert_msg(!result.damage, "%s: %s", packed.program, result.damage->message().c_str());
        ck_assert_msg(contents(*result.file) == plain(), "%s", packed.program);
    }
}
END_TEST

START_TEST(compressed_files_that_follow_each_other_are_one_and_what_follows_them_is_ignored) {
    for (const PackedText& packed : kPacked) {
        if (!built(packed)) continue;
        const Bytes one = from_hex(packed.hex);
        Bytes bytes = one;
        support::put_bytes(bytes, bytes.size(), one);
        bytes.resize(bytes.size() + 1000);
        const Unpacked result = unpacked(bytes);
        ck_assert_msg(!result.damage, "%s: %s", packed.program, result.damage->message().c_str());
        Bytes twice = plain();
        support::put_bytes(twice, twice.size(), plain());
        ck_assert_msg(contents(*result.file) == twice, "%s", packed.program);
    }
}
END_TEST

START_TEST(file_cut_at_any_byte_is_unpacked_so_far_and_reported) {
    for (const PackedText& packed : kPacked) {
        if (!built(packed)) continue;
        const Bytes whole = from_hex(packed.hex), expected = plain();
        for (size_t size = 9; size < whole.size(); ++size) {
            const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
            const Unpacked result = unpacked(part);
            ck_assert_msg(result.damage.has_value(), "%s of %zu bytes", packed.program, size);
            const Bytes found = contents(*result.file);
            ck_assert(support::same(found, support::View(expected).first(found.size())));
        }
    }
}
END_TEST

START_TEST(changed_byte_gives_damage_or_bytes_but_no_crash) {
    for (const PackedText& packed : kPacked) {
        if (!built(packed)) continue;
        for (size_t at = 9; at < from_hex(packed.hex).size(); ++at) {
            Bytes bytes = from_hex(packed.hex);
            bytes[at] ^= std::byte{0x41};
            const auto source = in_memory(bytes);
            (void)unpack(*source, 0, *packing_at(*source, 0), {});
        }
    }
}
END_TEST

START_TEST(damaged_data_are_named_with_the_offset) {
    for (const PackedText& packed : kPacked) {
        if (!built(packed)) continue;
        Bytes bytes = from_hex(packed.hex);
        for (size_t at = bytes.size() / 2; at < bytes.size(); ++at) bytes[at] = std::byte{0xa5};
        const Unpacked result = unpacked(bytes);
        ck_assert_msg(result.damage.has_value(), "%s", packed.program);
        const std::string& text = result.damage->message();
        ck_assert_msg(
            text.starts_with(std::string("'memory.vmcore': the ") + packed.program + " data is"),
            "%s", text.c_str());
    }
}
END_TEST

START_TEST(unpacking_can_be_cancelled_and_tells_how_far_it_is) {
    util::Cancellation cancellation;
    const auto source = in_memory(from_hex(kPacked[0].hex));
    uint64_t reached = 0;
    const OpenOptions options{.unpacking =
                                  [&](const char* name, uint64_t bytes) {
                                      ck_assert_str_eq(name, "gzip");
                                      reached = bytes;
                                      cancellation.cancel();
                                  },
                              .cancellation = &cancellation};
    must_fail(unpack(*source, 0, *packing_at(*source, 0), options), "cancelled");
    ck_assert_uint_gt(reached, 0);
}
END_TEST

}  // namespace

Suite* unpack_suite() {
    return support::make_suite(
        "unpack",
        {each_compression_is_undone,
         compressed_files_that_follow_each_other_are_one_and_what_follows_them_is_ignored,
         file_cut_at_any_byte_is_unpacked_so_far_and_reported,
         changed_byte_gives_damage_or_bytes_but_no_crash, damaged_data_are_named_with_the_offset,
         unpacking_can_be_cancelled_and_tells_how_far_it_is});
}

}  // namespace guestdump::vmcore
