// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/symbol_table.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::linux_guest {

Suite* symbol_table_suite();

namespace {

using guest::Gva;
using support::must;

SymbolTable table(std::initializer_list<std::pair<uint64_t, const char*>> symbols) {
    SymbolTable made;
    for (const auto& [address, name] : symbols) must(made.add(address, name));
    must(made.finish());
    return made;
}

START_TEST(an_address_is_found_in_the_symbol_at_or_below_it) {
    const SymbolTable symbols = table({{0x3000, "c"}, {0x1000, "a"}, {0x2000, "b"}});
    const auto inside = symbols.find(Gva{0x2010});
    ck_assert(inside && inside->name == "b" && inside->offset == 0x10 && inside->size == 0x1000);
    ck_assert(symbols.find(Gva{0x1fff})->name == "a");
    ck_assert(!symbols.find(Gva{0xfff}));
}
END_TEST

START_TEST(the_last_symbol_has_no_size) {
    const auto last = table({{0x1000, "a"}}).find(Gva{0x9000});
    ck_assert(last && last->size == 0 && last->offset == 0x8000);
}
END_TEST

START_TEST(of_aliases_the_first_is_told) {
    const SymbolTable symbols =
        table({{0x2000, "z"}, {0x1000, "second"}, {0x1000, "b"}, {0x1000, "a"}});
    const auto found = symbols.find(Gva{0x1001});
    ck_assert(found && found->name == "second" && found->size == 0x1000);
}
END_TEST

START_TEST(a_name_leads_to_its_first_symbol) {
    const SymbolTable symbols = table({{0x2000, "same"}, {0x1000, "same"}, {0x3000, "other"}});
    ck_assert(symbols.address_of("same") == Gva{0x2000});
    ck_assert(symbols.address_of("other") == Gva{0x3000});
    ck_assert(!symbols.address_of("sam"));
    ck_assert(!symbols.address_of(""));
}
END_TEST

START_TEST(names_can_be_printed) {
    ck_assert(table({{0x1000, "a\x1b[31m b\n"}}).find(Gva{0x1000})->name == "a?[31m?b?");
}
END_TEST

START_TEST(an_empty_table_has_nothing) {
    ck_assert(!SymbolTable().address_of("a"));
    ck_assert(!table({}).address_of("a"));
    ck_assert(!table({}).find(Gva{UINT64_MAX}));
}
END_TEST

START_TEST(thousands_of_symbols_are_all_found) {
    SymbolTable symbols;
    for (uint64_t i = 0; i < 20000; ++i) {
        must(symbols.add(0x100000 - 16 * i, "function_" + std::to_string(i)));
    }
    must(symbols.finish());
    for (uint64_t i = 0; i < 20000; ++i) {
        const Gva expected{0x100000 - 16 * i};
        ck_assert(symbols.address_of("function_" + std::to_string(i)) == expected);
    }
}
END_TEST

START_TEST(the_same_name_many_times_takes_no_time) {
    SymbolTable symbols;
    for (uint64_t i = 0; i < 300000; ++i) must(symbols.add(i, "same"));
    must(symbols.finish());
    ck_assert(symbols.address_of("same") == Gva{0});
}
END_TEST

}  // namespace

Suite* symbol_table_suite() {
    return support::make_suite("symbol_table", {
                                                   an_address_is_found_in_the_symbol_at_or_below_it,
                                                   the_last_symbol_has_no_size,
                                                   of_aliases_the_first_is_told,
                                                   a_name_leads_to_its_first_symbol,
                                                   names_can_be_printed,
                                                   an_empty_table_has_nothing,
                                                   thousands_of_symbols_are_all_found,
                                                   the_same_name_many_times_takes_no_time,
                                               });
}

}  // namespace guestdump::linux_guest
