// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/wide_text.h"

#include <locale.h>

#include "tests/support/run_suites.h"

namespace guestdump::tools {

Suite* wide_text_suite();

namespace {

/// Sets the characters of a locale for this thread.
class Characters {
  public:
    explicit Characters(const char* name) : locale_(newlocale(LC_CTYPE_MASK, name, nullptr)) {
        ck_assert_ptr_nonnull(locale_);
        before_ = uselocale(locale_);
    }
    ~Characters() {
        uselocale(before_);
        freelocale(locale_);
    }

  private:
    locale_t locale_, before_ = nullptr;
};

constexpr const char* kLocales[] = {"C", "C.UTF-8"};

START_TEST(characters_of_the_locale_are_one_each) {
    const Characters utf8("C.UTF-8");
    ck_assert(to_wide("z\u00e4\u20ac") == L"z\u00e4\u20ac");
    ck_assert(to_bytes(L"z\u00e4\u20ac") == "z\u00e4\u20ac");
}
END_TEST

START_TEST(every_byte_comes_back_in_every_locale) {
    std::string all;
    for (int byte = 255; byte >= 0; --byte) all += static_cast<char>(byte);
    for (const char* locale : kLocales) {
        const Characters characters(locale);
        ck_assert(to_bytes(to_wide(all)) == all);
        ck_assert(to_bytes(to_wide("z\u00e4\u20ac")) == "z\u00e4\u20ac");
        // A UTF-16 surrogate as three bytes; it does not stand for a byte.
        ck_assert(to_bytes(to_wide("\xed\xb3\xa4")) == "\xed\xb3\xa4");
    }
}
END_TEST

START_TEST(a_character_that_would_be_a_key_is_bytes) {
    const Characters utf8("C.UTF-8");
    ck_assert_uint_eq(to_wide("\u0082").size(), 2);
    ck_assert_uint_eq(to_wide("\u00e2").size(), 1);
    ck_assert(to_bytes(to_wide("a\u0082b")) == "a\u0082b");
}
END_TEST

START_TEST(a_character_that_is_cut_off_is_waited_for_or_bytes) {
    const Characters utf8("C.UTF-8");
    wchar_t character = 0;
    ck_assert_uint_eq(first_character("\xe2\x82", character), 0);
    ck_assert_uint_eq(first_character("\xe2\x82\xac.", character), 3);
    ck_assert_int_eq(character, 0x20ac);
    ck_assert_uint_eq(to_wide("a\xe2\x82").size(), 3);
    ck_assert(to_bytes(to_wide("a\xe2\x82")) == "a\xe2\x82");
}
END_TEST

START_TEST(what_follows_half_a_character_is_not_lost) {
    const Characters utf8("C.UTF-8");
    wchar_t character = 0;
    ck_assert_uint_eq(first_character("\xc3\n", character), 1);
    ck_assert(to_bytes(std::wstring(1, character)) == "\xc3");
}
END_TEST

}  // namespace

Suite* wide_text_suite() {
    return support::make_suite(
        "wide_text", {characters_of_the_locale_are_one_each, every_byte_comes_back_in_every_locale,
                      a_character_that_would_be_a_key_is_bytes,
                      a_character_that_is_cut_off_is_waited_for_or_bytes,
                      what_follows_half_a_character_is_not_lost});
}

}  // namespace guestdump::tools
