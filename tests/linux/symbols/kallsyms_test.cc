// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/kallsyms.h"

#include "tests/linux/fake_memory.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* kallsyms_suite();

namespace {

using guest::Gva;
using support::must;
using support::must_fail;

constexpr uint64_t kNames = 0xffffffff82000000, kCount = 0xffffffff82010000,
                   kTokens = 0xffffffff82020000, kIndex = 0xffffffff82030000,
                   kOffsets = 0xffffffff82040000, kBase = 0xffffffff82050000,
                   kStext = 0xffffffff81000000;

/// A kernel's tables. The tokens are 1 "T", 2 "_stext", 3 "schedule", 4 "A", 5 "per_cpu", 6 "t" and
/// 7 "_x".
struct Tables {
    FakeMemory memory;
    support::Bytes names;
    std::vector<uint32_t> offsets;

    Tables() {
        support::Bytes tokens(1), index(512);
        uint16_t number = 1;
        for (const char* text : {"T", "_stext", "schedule", "A", "per_cpu", "t", "_x"}) {
            support::put_le16(index, 2u * number++, static_cast<uint16_t>(tokens.size()));
            support::put_text(tokens, tokens.size(), text);
            tokens.push_back(std::byte{0});
        }
        tokens.resize(4096);
        memory.put(kTokens, tokens);
        memory.put(kIndex, index);
        memory.put_u64(kBase, kStext);
    }

    void add(std::initializer_list<uint8_t> bytes, uint32_t offset) {
        for (const uint8_t byte : bytes) names.push_back(std::byte{byte});
        offsets.push_back(offset);
    }

    /// Three symbols, with offsets for them.
    void add_three(uint32_t stext, uint32_t schedule, uint32_t per_cpu) {
        add({2, 1, 2}, stext);
        add({2, 1, 3}, schedule);
        add({3, 4, 5, 7}, per_cpu);
    }

    Result<SymbolTable> read(bool relative = true) {
        support::Bytes padded = names, count(4), values(4 * offsets.size());
        padded.resize((names.size() + 4095) / 4096 * 4096);
        support::put_le32(count, 0, static_cast<uint32_t>(offsets.size()));
        for (size_t i = 0; i < offsets.size(); ++i) support::put_le32(values, 4 * i, offsets[i]);
        memory.put(kNames, padded);
        memory.put(kCount, count);
        memory.put(kOffsets, values);
        return read_tables(relative);
    }

    Result<SymbolTable> read_tables(bool relative = true) const {
        KallsymsTables tables{.names = Gva{kNames},
                              .num_syms = Gva{kCount},
                              .token_table = Gva{kTokens},
                              .token_index = Gva{kIndex},
                              .offsets = Gva{kOffsets},
                              .relative_base = {},
                              .stext = kStext};
        if (relative) tables.relative_base = Gva{kBase};
        return read_kallsyms(memory, tables);
    }
};

void check_three(const SymbolTable& symbols, uint64_t per_cpu) {
    ck_assert_uint_eq(symbols.size(), 3);
    ck_assert(symbols.address_of("_stext") == Gva{kStext});
    ck_assert(symbols.address_of("schedule") == Gva{kStext + 0x1000});
    ck_assert(symbols.address_of("per_cpu_x") == Gva{per_cpu});
}

START_TEST(names_are_put_together_from_tokens) {
    Tables tables;
    tables.add_three(0, 0x1000, 0x80001000);
    check_three(must(tables.read()), kStext + 0x80001000);
}
END_TEST

START_TEST(offsets_may_be_absolute_unless_they_are_negative) {
    Tables tables;
    tables.add_three(UINT32_MAX, ~0x1000u, 0x20040);
    check_three(must(tables.read()), 0x20040);
}
END_TEST

START_TEST(offsets_may_be_from_their_own_place) {
    Tables tables;
    tables.add_three(static_cast<uint32_t>(kStext - kOffsets),
                     static_cast<uint32_t>(kStext + 0x1000 - (kOffsets + 4)), 8);
    check_three(must(tables.read(false)), kOffsets + 16);
}
END_TEST

START_TEST(a_long_name_has_two_bytes_of_length) {
    Tables tables;
    tables.add_three(0, 0x1000, 0);
    tables.add({0x80 | 0x49, 1}, 0x2000);  // 0x49 + 0x80 tokens
    tables.names.push_back(std::byte{6});
    for (int i = 0; i < 0xc8; ++i) tables.names.push_back(std::byte{7});
    const auto symbols = must(tables.read());
    std::string name;
    for (int i = 0; i < 0xc8; ++i) name += "_x";
    ck_assert(symbols.address_of(name) == Gva{kStext + 0x2000});
}
END_TEST

START_TEST(names_that_cannot_be_are_refused) {
    Tables nameless;
    nameless.add({1, 1}, 0);
    must_fail(nameless.read(), "the kernel's symbol 0 has no name");
    Tables empty;
    empty.add({0}, 0);
    must_fail(empty.read(), "symbol 0 has no name");
    Tables unused_token;
    unused_token.add({2, 200, 201}, 0);
    must_fail(unused_token.read(), "has no name");
    Tables longest;
    longest.add({0xff, 0x7f}, 0);
    for (int i = 0; i < 0x3fff; ++i) longest.names.push_back(std::byte{5});
    must_fail(longest.read(), "the name of the kernel's symbol 0 is longer than 512 bytes");
}
END_TEST

START_TEST(names_that_lead_beyond_memory_are_refused) {
    Tables tables;
    tables.add_three(0, 0x1000, 0);
    must(tables.read());
    tables.memory.at(kNames)[0] = std::byte{0x7f};
    tables.memory.at(kNames).resize(4095);
    must_fail(tables.read_tables(), "is not mapped");
}
END_TEST

START_TEST(a_count_that_cannot_be_is_refused) {
    Tables tables;
    tables.add_three(0, 0x1000, 0);
    must(tables.read());
    for (const uint32_t count : {0u, kMostSymbols + 1, UINT32_MAX}) {
        support::put_le32(tables.memory.at(kCount), 0, count);
        must_fail(tables.read_tables(), "symbols, not 1 to 2097152");
    }
}
END_TEST

START_TEST(tables_that_do_not_have_stext_in_its_place_are_refused) {
    Tables moved;
    moved.add_three(0x40, 0x1000, 0);
    must_fail(moved.read(), "do not put _stext at 0xffffffff81000000, where VMCOREINFO has it");
    Tables without;
    without.add({2, 1, 3}, 0);
    must_fail(without.read(), "the kernel's symbols have no _stext");
}
END_TEST

START_TEST(vmcoreinfo_must_name_every_table) {
    std::string lines;
    const char* names[] = {"kallsyms_names",       "kallsyms_num_syms", "kallsyms_token_table",
                           "kallsyms_token_index", "kallsyms_offsets",  "_stext"};
    for (const char* name : names) {
        must_fail(KallsymsTables::of(Vmcoreinfo(lines)), std::string("SYMBOL(") + name + ")");
        lines += std::string("SYMBOL(") + name + ")=ffffffff81000000\n";
    }
    ck_assert(!must(KallsymsTables::of(Vmcoreinfo(lines))).relative_base);
}
END_TEST

}  // namespace

Suite* kallsyms_suite() {
    return support::make_suite("kallsyms",
                               {
                                   names_are_put_together_from_tokens,
                                   offsets_may_be_absolute_unless_they_are_negative,
                                   offsets_may_be_from_their_own_place,
                                   a_long_name_has_two_bytes_of_length,
                                   names_that_cannot_be_are_refused,
                                   names_that_lead_beyond_memory_are_refused,
                                   a_count_that_cannot_be_is_refused,
                                   tables_that_do_not_have_stext_in_its_place_are_refused,
                                   vmcoreinfo_must_name_every_table,
                               });
}

}  // namespace guestdump::linux_guest
