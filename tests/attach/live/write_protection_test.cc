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
#include <utility>

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

/// A userfaultfd of this process. The host may not allow it: root needs it, or
/// vm.unprivileged_userfaultfd=1.
struct Userfault {
    Userfault() : fd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC))) {
        uffdio_api api{.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP, .ioctls = 0};
        works = fd && ::ioctl(fd.get(), UFFDIO_API, &api) == 0;
    }

    void protect(volatile char* memory) const {
        const uffdio_range range = range_of(memory);
        uffdio_register watched{.range = range, .mode = UFFDIO_REGISTER_MODE_WP, .ioctls = 0};
        ck_assert_int_eq(::ioctl(fd.get(), UFFDIO_REGISTER, &watched), 0);
        uffdio_writeprotect held{.range = range, .mode = UFFDIO_WRITEPROTECT_MODE_WP};
        ck_assert_int_eq(::ioctl(fd.get(), UFFDIO_WRITEPROTECT, &held), 0);
    }

    /// Wakes no thread that waits to write.
    void unregister(volatile char* memory) const {
        uffdio_range range = range_of(memory);
        ck_assert_int_eq(::ioctl(fd.get(), UFFDIO_UNREGISTER, &range), 0);
    }

    static uffdio_range range_of(volatile char* memory) {
        return {.start = reinterpret_cast<uintptr_t>(memory), .len = kSize};
    }

    util::UniqueFd fd;
    bool works = false;
};

volatile char* new_memory() {
    void* const memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ck_assert(memory != MAP_FAILED);
    return static_cast<volatile char*>(memory);
}

/// A thread that writes to memory, and waits if it is protected.
struct Writer {
    explicit Writer(volatile char* memory)
        : thread_([this, memory] {
              memory[5000] = 1;
              wrote = true;
          }) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }

    std::atomic<bool> wrote{false};

  private:
    std::jthread thread_;
};

/// Fails if @writer does not get on. A test cannot wait for the thread to end then.
void check_writes(const Writer& writer) {
    for (int tries = 0; !writer.wrote; ++tries) {
        if (tries < 500) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        ck_assert_msg(tries < 500, "the thread waits for ever");
    }
}

START_TEST(a_thread_that_waits_to_write_goes_on_when_the_protection_is_lifted) {
    const Process self = must(Process::open(::getpid()));
    ck_assert_uint_eq(must(lift_write_protection(self)), 0);
    const Userfault fault;
    if (!fault.works) return;
    volatile char* const memory = new_memory();
    fault.protect(memory);
    const Writer writer(memory);
    ck_assert(!writer.wrote);
    ck_assert_uint_eq(must(lift_write_protection(self)), 1);
    check_writes(writer);
    ck_assert_uint_eq(must(lift_write_protection(self)), 0);
    memory[9000] = 2;  // does not wait
}
END_TEST

/// As in a QEMU that has kept the userfaultfd of an earlier snapshot, on Linux before 6.17.
START_TEST(a_thread_that_waits_at_another_userfaultfd_than_the_one_that_lets_go_is_woken_too) {
    const Process self = must(Process::open(::getpid()));
    const Userfault earlier, later;
    if (!later.works) return;
    for (const auto& [waited, lets_go] :
         {std::pair(&earlier, &later), std::pair(&later, &earlier)}) {
        volatile char* const memory = new_memory();
        waited->protect(memory);
        const Writer writer(memory);
        ck_assert(!writer.wrote);
        waited->unregister(memory);
        lets_go->protect(memory);
        ck_assert_uint_eq(must(lift_write_protection(self)), 1);
        check_writes(writer);
    }
}
END_TEST

START_TEST(memory_that_is_unmapped_meanwhile_does_not_keep_the_rest_protected) {
    const Process self = must(Process::open(::getpid()));
    const Userfault fault;
    if (!fault.works) return;
    volatile char* const memory = new_memory();
    fault.protect(memory);
    const Writer writer(memory);
    ck_assert(!writer.wrote);
    // Below what programs get by default: nothing is mapped here. (What a test unmaps, a thread's
    // stack may take.)
    const HostRange gone{.address = 0x10000, .size = kSize};
    const HostRange rest{.address = reinterpret_cast<uintptr_t>(memory), .size = kSize};
    must_fail(release_writes(self, {gone, rest}), "releasing writes to 0x10000 bytes at 0x10000");
    check_writes(writer);
}
END_TEST

}  // namespace

Suite* write_protection_suite() {
    return support::make_suite(
        "write_protection",
        {
            protected_mappings_are_found_in_the_text_of_smaps,
            a_thread_that_waits_to_write_goes_on_when_the_protection_is_lifted,
            a_thread_that_waits_at_another_userfaultfd_than_the_one_that_lets_go_is_woken_too,
            memory_that_is_unmapped_meanwhile_does_not_keep_the_rest_protected,
        });
}

}  // namespace guestdump::attach
