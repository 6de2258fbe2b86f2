// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string_view>

#include "dump/elf/elf_writer.h"
#include "dump/snapshot.h"
#include "dump/target/targets.h"
#include "target-i386/arch.h"
#include "target-i386/cpu.h"

using namespace guestdump;

/// Processes the page tables of a guest that maps pages in random order, or of a hostile one, from
/// the walk to the program headers in a file: paging_bench PAGES|self-reference|tables FILE
///
/// Prints the seconds, the number of program headers and the peak of memory without the guest's.

namespace {

using guest::Gpa;

constexpr uint64_t kPage = 4096, kPresent = 0x67;

/// Guest memory in this process: tables first, then pages that are never touched.
class BenchMemory final : public guest::RamRegion {
  public:
    explicit BenchMemory(uint64_t size) : size_(size) {
        void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        bytes_ = static_cast<std::byte*>(memory);
    }
    ~BenchMemory() override { ::munmap(bytes_, size_); }

    void put(uint64_t table, uint64_t index, uint64_t entry) {
        std::memcpy(bytes_ + table + index * sizeof entry, &entry, sizeof entry);
    }

    std::string_view name() const override { return "bench"; }
    uint64_t size() const override { return size_; }
    util::Result<> read(uint64_t offset, std::span<std::byte> out) const override {
        std::memcpy(out.data(), bytes_ + offset, out.size());
        return {};
    }

  private:
    std::byte* bytes_;
    uint64_t size_;
};

/// A frozen machine with one vCPU in long mode, whose top table is at 0x1000.
class BenchGuest final : public guest::Guest {
  public:
    explicit BenchGuest(std::shared_ptr<const BenchMemory> memory)
        : memory_(std::move(memory)), cpu_(target_i386::make_cpu(registers())) {}

    bool running() const override { return false; }
    Result<> pause() override { return {}; }
    void resume() override {}
    std::vector<guest::Cpu> cpus() const override { return {cpu_}; }
    std::optional<guest::GuestNote> guest_note() const override { return std::nullopt; }
    guest::GuestPhysBlockList blocks() const override {
        guest::GuestPhysBlockList list;
        if (!list.add({{Gpa{0}, memory_->size()}, memory_})) std::abort();
        return list;
    }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& all) const override {
        return target_i386::dump_info(target_i386::registers_of(cpu_), all);
    }

  private:
    static target_i386::Registers registers() {
        target_i386::Registers registers;
        registers.cr0 = target_i386::kCr0Paging | target_i386::kCr0ProtectedMode;
        registers.cr3 = 0x1000;
        registers.cr4 = target_i386::kCr4Pae;
        registers.efer = target_i386::kEferLongModeActive;
        return registers;
    }

    std::shared_ptr<const BenchMemory> memory_;
    guest::Cpu cpu_;
};

/// Maps @pages consecutive virtual pages in random physical order.
std::shared_ptr<BenchMemory> scattered(uint64_t pages) {
    const uint64_t tables = pages / 512, directories = (tables + 511) / 512;
    const uint64_t first_directory = 0x3000, first_table = first_directory + directories * kPage;
    const uint64_t first_page = first_table + tables * kPage;
    auto memory = std::make_shared<BenchMemory>(first_page + pages * kPage);
    memory->put(0x1000, 256, 0x2000 | kPresent);
    for (uint64_t i = 0; i < directories; ++i) {
        memory->put(0x2000, i, (first_directory + i * kPage) | kPresent);
    }
    for (uint64_t i = 0; i < tables; ++i) {
        memory->put(first_directory, i, (first_table + i * kPage) | kPresent);
    }
    std::vector<uint32_t> order(pages);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937(1));
    for (uint64_t i = 0; i < pages; ++i) {
        memory->put(first_table, i, (first_page + order[i] * kPage) | kPresent);
    }
    return memory;
}

/// A top table whose entries all point to itself: 2^36 pages.
std::shared_ptr<BenchMemory> self_reference() {
    auto memory = std::make_shared<BenchMemory>(uint64_t{1} << 20);
    for (uint64_t i = 0; i < 512; ++i) memory->put(0x1000, i, 0x1000 | kPresent);
    return memory;
}

/// One more table than a walk reads, all different; everything that they map is outside memory.
std::shared_ptr<BenchMemory> all_tables() {
    constexpr uint64_t kTables = (uint64_t{1} << 18) + 1, kFirst = uint64_t{4} << 20;
    constexpr uint64_t kSize = kFirst + kTables * kPage;
    auto memory = std::make_shared<BenchMemory>(kSize);
    for (uint64_t i = 0; i < 2; ++i) memory->put(0x1000, i, (0x2000 + i * kPage) | kPresent);
    for (uint64_t i = 0; i < 513; ++i) memory->put(0x2000, i, (0x4000 + i * kPage) | kPresent);
    for (uint64_t i = 0; i < kTables; ++i) memory->put(0x4000, i, (kFirst + i * kPage) | kPresent);
    for (uint64_t i = 0; i < kTables * 512; ++i)
        memory->put(kFirst, i, (kSize + i * kPage) | kPresent);
    return memory;
}

std::shared_ptr<BenchMemory> memory_for(std::string_view what) {
    if (what == "self-reference") return self_reference();
    if (what == "tables") return all_tables();
    return scattered(std::strtoull(what.data(), nullptr, 10));
}

uint64_t peak_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

/// Dumps the program headers for the guest's page tables to @path, and returns their number.
Result<size_t> write_headers(const guest::Guest& guest, const std::string& path) {
    const dump::Request request = dump::ElfRequest{.paging = true};
    const dump::Snapshot snapshot = TRY(dump::Snapshot::take(guest, request));
    const auto writer = TRY(dump::make_writer(snapshot, request));
    const auto sink = TRY(dump::open_file_sink(path));
    TRY(writer->begin(*sink, dump::Progress()));
    return snapshot.mappings.size() + 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s PAGES|self-reference|tables FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    const BenchGuest guest(memory_for(argv[1]));
    const uint64_t before = peak_bytes();
    const auto start = std::chrono::steady_clock::now();
    const auto headers = write_headers(guest, argv[2]);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const double mib = static_cast<double>(peak_bytes() - before) / (1 << 20);
    std::printf("%.4f %zu %.1f\n", seconds.count(), headers ? *headers : 0, mib);
    if (!headers) std::fprintf(stderr, "%s\n", headers.error().message().c_str());
    return EXIT_SUCCESS;
}
