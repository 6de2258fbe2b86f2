// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/kallsyms_search.h"

#include <string>

#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* kallsyms_search_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

constexpr uint64_t kStext = 0xffffffff81000000;
constexpr uint64_t kData = kStext + 0x400000;  ///< what lies before it is not mapped

/// An image with the tables in the order of Linux 5.10, after @before bytes of something else. Each
/// token is one character.
struct Image {
    support::Bytes bytes;
    uint64_t markers = 0, tokens = 0, index = 0;  ///< offsets of tables

    explicit Image(uint32_t symbols, size_t before = 64) : bytes(before, std::byte{0xcc}) {
        align();
        for (uint32_t i = 0; i < symbols; ++i) put32(-1 - 16 * i);  // relative, and not per-CPU
        align();
        support::put_le64(bytes, bytes.size(), kStext);
        put32(symbols);
        align();
        put_names(symbols);
        put_tokens();
        bytes.resize((bytes.size() + 4095) / 4096 * 4096);
    }

    FakeMemory memory() const {
        FakeMemory memory;
        memory.put(kData, bytes);
        return memory;
    }

  private:
    void align() { bytes.resize((bytes.size() + 7) / 8 * 8); }
    void put32(uint32_t value) { support::put_le32(bytes, bytes.size(), value); }

    void put_names(uint32_t symbols) {
        std::vector<uint32_t> starts;
        const size_t begin = bytes.size();
        for (uint32_t i = 0; i < symbols; ++i) {
            if (i % 256 == 0) starts.push_back(static_cast<uint32_t>(bytes.size() - begin));
            const std::string name = i == 0 ? "T_stext" : "tfunction" + std::to_string(i);
            bytes.push_back(static_cast<std::byte>(name.size()));
            support::put_text(bytes, bytes.size(), name);
        }
        align();
        markers = bytes.size();
        for (const uint32_t start : starts) put32(start);
        align();
    }

    void put_tokens() {
        support::Bytes numbers;
        tokens = bytes.size();
        for (unsigned token = 0; token < 256; ++token) {
            support::put_le16(numbers, numbers.size(),
                              static_cast<uint16_t>(bytes.size() - tokens));
            if (token > ' ' && token < 127) bytes.push_back(static_cast<std::byte>(token));
            bytes.push_back(std::byte{0});
        }
        align();
        index = bytes.size();
        bytes.insert(bytes.end(), numbers.begin(), numbers.end());
    }
};

void check_found(const Image& image, uint32_t symbols) {
    const FakeMemory memory = image.memory();
    const KallsymsTables tables = must(find_kallsyms(memory, Gva{kStext}));
    const SymbolTable table = must(read_kallsyms(memory, tables));
    ck_assert_uint_eq(table.size(), symbols);
    ck_assert_uint_eq(table.address_of("_stext").value().value, kStext);
    const std::string last = "function" + std::to_string(symbols - 1);
    ck_assert_uint_eq(table.address_of(last).value().value, kStext + uint64_t{16} * (symbols - 1));
}

void check_none(const FakeMemory& memory) {
    must_fail(find_kallsyms(memory, Gva{kStext}),
              "there are no tables of symbols in the 128 MiB from _stext on");
}

START_TEST(tables_are_found_behind_memory_that_is_not_mapped) {
    for (const uint32_t symbols : {257u, 512u, 513u, 700u, 1000u})
        check_found(Image(symbols), symbols);
}
END_TEST

START_TEST(tables_are_found_wherever_they_begin_in_a_page) {
    for (size_t before = 0; before < 4096; before += 104) check_found(Image(300, before), 300);
}
END_TEST

START_TEST(digits_alone_are_no_tables) {
    FakeMemory memory;
    support::Bytes page(4096);
    support::put_text(page, 4000,
                      std::string_view("0\0001\0002\0003\0004\0005\0006\0007\0008\0009", 20));
    memory.put(kData, page);
    check_none(memory);
    check_none(FakeMemory());
}
END_TEST

START_TEST(tables_that_do_not_fit_each_other_are_not_taken) {
    Image index(600), markers(600), tokens(600);
    index.bytes[index.index + 2 * 'a'] ^= std::byte{1};
    markers.bytes[markers.markers + 4] ^= std::byte{1};
    tokens.bytes[tokens.tokens + 300] = std::byte{'x'};
    for (const Image* image : {&index, &markers, &tokens}) check_none(image->memory());
}
END_TEST

START_TEST(markers_without_an_end_are_not_followed) {
    Image image(600);
    uint32_t value = 0x7fffffff;  // they ascend, and never begin at 0
    for (uint64_t at = image.tokens - 4; at >= 4 && at < image.tokens; at -= 4)
        support::put_le32(image.bytes, at, value--);
    check_none(image.memory());
}
END_TEST

START_TEST(an_image_at_the_end_of_the_address_space_is_searched_up_to_it) {
    must_fail(find_kallsyms(FakeMemory(), Gva{UINT64_MAX - 5000}), "there are no tables");
}
END_TEST

}  // namespace

Suite* kallsyms_search_suite() {
    return support::make_suite("kallsyms_search",
                               {
                                   tables_are_found_behind_memory_that_is_not_mapped,
                                   tables_are_found_wherever_they_begin_in_a_page,
                                   digits_alone_are_no_tables,
                                   tables_that_do_not_fit_each_other_are_not_taken,
                                   markers_without_an_end_are_not_followed,
                                   an_image_at_the_end_of_the_address_space_is_searched_up_to_it,
                               });
}

}  // namespace guestdump::linux_guest
