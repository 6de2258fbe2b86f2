// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vm/memory/watched_ram.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "tests/support/results.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

using support::must;
using Backend = RamSpec::Backend;

RamSpec spec(Backend backend, bool share, std::string path, uint64_t pages) {
    RamSpec spec;
    spec.backend = backend;
    spec.id = "ram0";
    spec.size = pages * kPage;
    spec.mem_path = std::move(path);
    spec.share = share;
    return spec;
}

std::vector<std::shared_ptr<Ram>> every_kind() {
    std::vector<std::shared_ptr<Ram>> kinds;
    kinds.push_back(must(Ram::create(spec(Backend::ram, false))));
    kinds.push_back(must(Ram::create(spec(Backend::ram, true))));
    kinds.push_back(must(Ram::create(spec(Backend::memfd, true))));
    kinds.push_back(must(Ram::create(spec(Backend::file, false, "/dev/shm"))));
    return kinds;
}

std::shared_ptr<Ram> huge_ram(uint64_t huge_pages) {
    const util::UniqueFd fd(memfd_create("huge", MFD_HUGETLB));
    if (!fd || ftruncate(fd.get(), static_cast<off_t>(huge_pages << 21)) != 0) return nullptr;
    void* const place = mmap(nullptr, huge_pages << 21, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_POPULATE, fd.get(), 0);
    if (place == MAP_FAILED) return nullptr;
    munmap(place, huge_pages << 21);
    return must(Ram::create(
        spec(Backend::file, true, "/proc/self/fd/" + std::to_string(fd.get()), huge_pages << 9)));
}

std::byte* page(const Ram& ram, uint64_t number) {
    return ram.host() + number * kPage;
}

std::byte value(uint64_t number, int generation) {
    return static_cast<std::byte>(1 + (number * 7 + static_cast<uint64_t>(generation) * 101) % 255);
}

void write(const Ram& ram, uint64_t first, uint64_t end, int generation) {
    for (uint64_t number = first; number < end; ++number)
        std::memset(page(ram, number), static_cast<int>(value(number, generation)), kPage);
}

void check_page(std::span<const std::byte> found, std::byte expected, const char* file, int line) {
    const auto other =
        std::ranges::find_if(found, [expected](std::byte one) { return one != expected; });
    if (other == found.end()) return;
    _ck_assert_failed(file, line, "wrong contents", "0x%02x at %td of %zu, expected 0x%02x",
                      static_cast<unsigned>(*other), other - found.begin(), found.size(),
                      static_cast<unsigned>(expected));
}

std::shared_ptr<LiveMemory> live(const std::shared_ptr<Ram>& ram, uint64_t pool, bool aliased) {
    return must(LiveMemory::create({{.ram = ram, .aliased = aliased}}, pool));
}

void freeze(LiveMemory& memory) {
    must(memory.arm(util::Cancellation()));
    must(memory.freeze());
}

void begin(LiveMemory& memory, uint64_t first, uint64_t end) {
    must(memory.begin_pages({{{first, end}}}));
}

uint64_t protected_pages(const Ram& ram) {
    const util::UniqueFd pagemap(open("/proc/self/pagemap", O_RDONLY));
    std::vector<uint64_t> entries(ram.size() / kPage);
    const auto at = reinterpret_cast<uintptr_t>(ram.host()) / kPage * sizeof(uint64_t);
    const auto size = static_cast<ssize_t>(entries.size() * sizeof(uint64_t));
    ck_assert_int_eq(
        pread(pagemap.get(), entries.data(), static_cast<size_t>(size), static_cast<off_t>(at)),
        size);
    uint64_t count = 0;
    for (const uint64_t entry : entries) count += entry >> 57 & 1;
    return count;
}

}  // namespace guestdump::vm
