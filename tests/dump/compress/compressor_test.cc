// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/compressor.h"

#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

#include <cstdlib>
#include <string>

#include "tests/dump/built.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::dump {

Suite* compressor_suite();

namespace {

using support::Bytes;
using support::must;
using support::must_fail;

constexpr size_t kPage = 4096;

Bytes text_page(const std::string& word) {
    std::string text;
    for (int i = 0; text.size() < kPage; ++i) text += word + std::to_string(i * i) + "; ";
    Bytes page;
    support::put_text(page, 0, std::string_view(text).substr(0, kPage));
    return page;
}

/// @page after compression; nothing if it is to be stored as it is.
std::optional<Bytes> shrunk(Compressor& compressor, const Bytes& page) {
    Bytes out(shrink_room(page.size()));
    const auto size = compressor.shrink(page, out);
    if (!size) return std::nullopt;
    ck_assert_uint_lt(*size, page.size());
    out.resize(*size);
    return out;
}

Bytes inflated(const Bytes& stream) {
    Bytes page(kPage);
    uLongf size = kPage;
    ck_assert_int_eq(uncompress(reinterpret_cast<Bytef*>(page.data()), &size,
                                reinterpret_cast<const Bytef*>(stream.data()), stream.size()),
                     Z_OK);
    ck_assert_uint_eq(size, kPage);
    return page;
}

START_TEST(pages_that_do_not_get_smaller_are_left_alone) {
    for (const Compression compression : built_compressions()) {
        const auto compressor = must(Compressor::create({.compression = compression}));
        ck_assert(!shrunk(*compressor, support::noise(1, kPage)));
        ck_assert(shrunk(*compressor, text_page("after noise")).has_value());
    }
}
END_TEST

START_TEST(a_page_gives_the_same_bytes_after_others_and_in_a_clone) {
    for (const Compression compression : built_compressions()) {
        const Bytes sample = text_page("sample");
        const auto one = must(Compressor::create({.compression = compression, .sample = sample}));
        const auto first = shrunk(*one, text_page("page"));
        shrunk(*one, support::noise(7, kPage));
        shrunk(*one, Bytes(kPage));
        ck_assert(shrunk(*one, text_page("page")) == first);
        ck_assert(shrunk(*must(one->clone()), text_page("page")) == first);
    }
}
END_TEST

START_TEST(codes_of_any_sample_carry_any_page) {
    const Bytes samples[] = {{},
                             Bytes(kPage),
                             Bytes(kPage, std::byte{'x'}),
                             text_page("sample"),
                             support::noise(3, 16 * kPage)};
    for (const Bytes& sample : samples) {
        const auto compressor = must(Compressor::create({.sample = sample}));
        for (const Bytes& page : {text_page("a"), Bytes(kPage, std::byte{0xff}), Bytes(kPage)}) {
            const auto stream = shrunk(*compressor, page);
            if (stream) ck_assert(inflated(*stream) == page);
        }
        ck_assert(shrunk(*compressor, Bytes(kPage, std::byte{0xff})).has_value());
    }
}
END_TEST

START_TEST(a_sample_of_like_pages_makes_pages_smaller) {
    const Bytes sample = text_page("like");
    const auto plain = must(Compressor::create({}));
    const auto trained = must(Compressor::create({.sample = sample}));
    const Bytes page = text_page("Like");
    const size_t with = shrunk(*trained, page)->size(), without = shrunk(*plain, page)->size();
    ck_assert_msg(kHasIsal ? with < without : with == without, "%zu and %zu bytes", with, without);
}
END_TEST

START_TEST(every_level_of_zlib_makes_a_zlib_stream) {
    const Bytes page = text_page("level");
    for (int level = 1; level <= kBestZlibLevel; ++level) {
        const auto compressor = must(Compressor::create({.level = level}));
        ck_assert(inflated(shrunk(*compressor, page).value()) == page);
    }
}
END_TEST

START_TEST(levels_that_there_are_not_are_refused_with_those_that_there_are) {
    const std::string best = std::to_string(kBestZlibLevel);
    const std::string above = std::to_string(kBestZlibLevel + 1);
    must_fail(check_compression(Compression::zlib, 0), "a value from 1 to " + best + ", not 0");
    must_fail(check_compression(Compression::zlib, kBestZlibLevel + 1),
              "a value from 1 to " + best + ", not " + above);
    must_fail(check_compression(Compression::zlib, INT64_MAX), "not 9223372036854775807");
    must(check_compression(Compression::zlib, kBestZlibLevel));
    if (kHasLzo) {
        must_fail(check_compression(Compression::lzo, 1), "'kdump-lzo' does not support");
    }
    if (kHasSnappy) {
        must_fail(check_compression(Compression::snappy, 1), "'kdump-snappy' does not support");
    }
    if (kHasZstd) {
        must_fail(check_compression(Compression::zstd, 20), "a value from -10 to 19, not 20");
        must(check_compression(Compression::zstd, -10));
        must(check_compression(Compression::zstd, 19));
    }
    for (const Compression compression : built_compressions()) {
        must(check_compression(compression, std::nullopt));
    }
}
END_TEST

START_TEST(what_is_not_built_is_not_available_now) {
    const struct {
        Compression compression;
        bool built;
        const char* refusal;
    } all[] = {{Compression::zlib, true, ""},
               {Compression::lzo, kHasLzo, "kdump-lzo is not available now"},
               {Compression::snappy, kHasSnappy, "kdump-snappy is not available now"},
               {Compression::zstd, kHasZstd, "kdump-zstd is not available now"}};
    for (const auto& [compression, built, refusal] : all) {
        if (built) {
            must(Compressor::create({.compression = compression}));
        } else {
            must_fail(check_compression(compression, std::nullopt), refusal);
            must_fail(Compressor::create({.compression = compression}), refusal);
        }
    }
}
END_TEST

#ifdef HAVE_LIBDEFLATE
START_TEST(a_library_that_gets_no_memory_is_an_error) {
    static int given = 0;
    libdeflate_set_memory_allocator(
        [](size_t size) { return given-- > 0 ? std::malloc(size) : nullptr; }, std::free);
    must_fail(Compressor::create({.level = 12}),
              "a compressor of level 12: Cannot allocate memory");
    given = 1;
    const auto one = must(Compressor::create({.level = 12}));
    must_fail(one->clone(), "a compressor of level 12: Cannot allocate memory");
}
END_TEST
#endif

}  // namespace

Suite* compressor_suite() {
    return support::make_suite("compressor",
                               {
                                   pages_that_do_not_get_smaller_are_left_alone,
                                   a_page_gives_the_same_bytes_after_others_and_in_a_clone,
                                   codes_of_any_sample_carry_any_page,
                                   a_sample_of_like_pages_makes_pages_smaller,
                                   every_level_of_zlib_makes_a_zlib_stream,
                                   levels_that_there_are_not_are_refused_with_those_that_there_are,
                                   what_is_not_built_is_not_available_now,
#ifdef HAVE_LIBDEFLATE
                                   a_library_that_gets_no_memory_is_an_error,
#endif
                               });
}

}  // namespace guestdump::dump
