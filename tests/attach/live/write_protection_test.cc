// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/write_protection.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* write_protection_suite();

namespace {

using support::must;
using support::must_fail;

constexpr size_t kSize = 16 * 4096;

START_TEST(protected_mappings_are_found_in_the_text_of_smaps) {
    const char* const text =
        "7f0000000000-7f0000004000 rw-p 00000000 00:00 0 \n"
        "Size:                 16 kB\n"
        "VmFlags: rd wr mr mw me ac \n"
        "7f0000010000-7f0000030000 rw-s 00000000 00:01 2049  /memfd:ram (deleted)\n"
        "Size:                128 kB\n"
        "VmFlags: rd wr sh mr mw me ms uw \n"
        "7f0000040000-7f0000041000 rw-p 00000000 00:00 0 \n"
        "VmFlags: rd wr uw";
    const auto ranges = must(parse_protected(text));
    ck_assert_uint_eq(ranges.size(), 2);
    ck_assert_uint_eq(ranges[0].address, 0x7f0000010000);
    ck_assert_uint_eq(ranges[0].size, 0x20000);
    ck_assert_uint_eq(ranges[1].address, 0x7f0000040000);
    ck_assert_uint_eq(ranges[1].size, 0x1000);
    ck_assert(must(parse_protected("")).empty());
    must_fail(parse_protected("VmFlags: rd uw \n"), "belongs to no mapping");
}
END_TEST

/// Write-protected memory of this process. The host may not allow it.
struct Protected {
    Protected() {
        fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
        uffdio_api api{.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP, .ioctls = 0};
        if (fd < 0 || ::ioctl(fd, UFFDIO_API, &api) != 0) return;
        memory = static_cast<char*>(::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
        const uffdio_range range{.start = reinterpret_cast<uintptr_t>(memory), .len = kSize};
        uffdio_register watched{.range = range, .mode = UFFDIO_REGISTER_MODE_WP, .ioctls = 0};
        ck_assert_int_eq(::ioctl(fd, UFFDIO_REGISTER, &watched), 0);
        uffdio_writeprotect held{.range = range, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
        ck_assert_int_eq(::ioctl(fd, UFFDIO_WRITEPROTECT, &held), 0);
    }
    ~Protected() {
        if (fd >= 0) ::close(fd);
    }

    int fd = -1;
    volatile char* memory = nullptr;
};

START_TEST(a_thread_that_waits_to_write_goes_on_when_the_protection_is_lifted) {
    const Process self = must(Process::open(::getpid()));
    ck_assert_uint_eq(must(lift_write_protection(self)), 0);
    Protected held;
    if (!held.memory) return;  // needs root, or vm.unprivileged_userfaultfd=1
    std::atomic<bool> wrote{false};
    std::jthread writer([&] {
        held.memory[5000] = 1;
        wrote = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ck_assert(!wrote);
    ck_assert_uint_eq(must(lift_write_protection(self)), 1);
    writer.join();
    ck_assert(wrote);
    ck_assert_uint_eq(must(lift_write_protection(self)), 0);
    held.memory[9000] = 2;  // does not wait
}
END_TEST

}  // namespace

Suite* write_protection_suite() {
    return support::make_suite(
        "write_protection", {
                                protected_mappings_are_found_in_the_text_of_smaps,
                                a_thread_that_waits_to_write_goes_on_when_the_protection_is_lifted,
                            });
}

}  // namespace guestdump::attach
