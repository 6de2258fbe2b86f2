// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/mapped_array.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <fstream>
#include <string>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/text.h"

namespace guestdump::util {

using support::must;
using support::must_fail;

Suite* mapped_array_suite();

namespace {

/// True if the kernel leaves the mapping at @start out of cores: "dd" in its VmFlags. [linux
/// proc(5)]
bool kept_out_of_cores(const void* start) {
    std::ifstream smaps("/proc/self/smaps");
    const std::string begin = text("%" PRIxPTR "-", reinterpret_cast<uintptr_t>(start));
    bool found = false;
    for (std::string line; std::getline(smaps, line);) {
        if (line.starts_with(begin)) found = true;
        if (found && line.starts_with("VmFlags:")) return line.find(" dd") != std::string::npos;
    }
    ck_abort_msg("there is no mapping at %s", begin.c_str());
}

bool is_mapped(const void* start) {
    std::ifstream maps("/proc/self/maps");
    const std::string begin = text("%" PRIxPTR "-", reinterpret_cast<uintptr_t>(start));
    for (std::string line; std::getline(maps, line);) {
        if (line.starts_with(begin)) return true;
    }
    return false;
}

START_TEST(elements_are_zero_and_can_be_written) {
    auto array = must(MappedArray<uint64_t>::make(100000));
    ck_assert_uint_eq(array.size(), 100000);
    ck_assert(std::all_of(array.begin(), array.end(), [](uint64_t value) { return value == 0; }));
    std::fill(array.begin(), array.end(), 7);
    ck_assert_uint_eq(array[99999], 7);
    array.truncate(5);
    ck_assert_int_eq(array.end() - array.begin(), 5);
}
END_TEST

START_TEST(it_is_in_no_core) {
    const auto array = must(MappedArray<std::byte>::make(10000));
    ck_assert(kept_out_of_cores(array.data()));
}
END_TEST

START_TEST(what_is_refused_is_an_error) {
    must_fail(MappedArray<std::byte>::make(size_t{1} << 60),
              "allocating 1152921504606846976 bytes: Cannot allocate memory");
    must_fail(MappedArray<uint64_t>::make(size_t{1} << 62), "Cannot allocate memory");
    must_fail(MappedArray<std::byte>::make(SIZE_MAX), "Cannot allocate memory");
}
END_TEST

START_TEST(none_is_no_memory_at_all) {
    const auto array = must(MappedArray<uint32_t>::make(0));
    ck_assert_uint_eq(array.size(), 0);
    ck_assert_ptr_null(array.data());
}
END_TEST

START_TEST(it_goes_back_when_its_owner_goes) {
    const std::byte* start = nullptr;
    {
        auto array = must(MappedArray<std::byte>::make(1 << 20));
        start = array.data();
        MappedArray<std::byte> owner = std::move(array);
        ck_assert_uint_eq(array.size(), 0);
        ck_assert_ptr_eq(owner.data(), start);
        ck_assert(is_mapped(start));
    }
    ck_assert(!is_mapped(start));
}
END_TEST

START_TEST(what_is_written_behind_its_last_page_is_a_fault) {
    signal(SIGSEGV, SIG_DFL);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    auto array = must(MappedArray<std::byte>::make(8192));
    volatile std::byte* behind = array.data() + 8192;
    *behind = std::byte{1};
}
END_TEST

}  // namespace

Suite* mapped_array_suite() {
    Suite* suite =
        support::make_suite("mapped_array", {elements_are_zero_and_can_be_written, it_is_in_no_core,
                                             what_is_refused_is_an_error, none_is_no_memory_at_all,
                                             it_goes_back_when_its_owner_goes});
    TCase* faults = tcase_create("mapped_array_faults");
    tcase_add_test_raise_signal(faults, what_is_written_behind_its_last_page_is_a_fault, SIGSEGV);
    suite_add_tcase(suite, faults);
    return suite;
}

}  // namespace guestdump::util
