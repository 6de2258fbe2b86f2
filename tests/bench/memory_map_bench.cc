// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>

#include "linux/page_filter.h"
#include "target-i386/cpu.h"

using namespace guestdump;

/// Page filtering of a large guest: memory_map_bench GIB MAPPED_GIB THREADS even|fragmented
///
/// The guest has GIB of memory, of which the first MAPPED_GIB have struct pages in use; other
/// memory has none. The memory map is mapped by pages of 2 MiB. `even`: large blocks, as in a guest
/// that has run for a short time; `fragmented`: each page is another's. Prints the milliseconds,
/// those of all processors, the pages that were left out, and the MiB that filtering took.

namespace {

using guest::Gpa;

constexpr uint64_t kPage = 4096, kGib = uint64_t{1} << 30, kLarge = uint64_t{2} << 20;
constexpr uint64_t kSection = uint64_t{128} << 20, kStruct = 64;
constexpr uint64_t kImage = 0xffffffff80000000, kMap = 0xffffea0000000000;
constexpr uint64_t kPresent = 0x67, kLargePage = 0xe7;
// Physical addresses: page tables, the image's data, and the memory map.
constexpr uint64_t kTop = 0x1000, kTables = 0x2000, kData = 0x400000, kMapAt = kGib / 2;
constexpr uint64_t kNames = kData, kRoots = kData + 0x10000, kSections = kData + 0x20000;
constexpr uint64_t kSectionsPerRoot = 256, kSectionBytes = 16;

/// Guest memory of the process's own, which nobody has touched to begin with.
class BenchMemory final : public guest::RamRegion {
  public:
    explicit BenchMemory(uint64_t size) : size_(size) {
        void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) std::abort();
        bytes_ = static_cast<std::byte*>(memory);
    }
    ~BenchMemory() override { ::munmap(bytes_, size_); }

    void put(uint64_t at, uint64_t value, size_t width = 8) {
        std::memcpy(bytes_ + at, &value, width);
    }
    void put_text(uint64_t at, std::string_view text) {
        std::memcpy(bytes_ + at, text.data(), text.size());
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

struct StructPage {
    uint64_t flags = 0, head = 0, pad0 = 0, mapping = 0, pad1 = 0, data = 0;
    uint32_t mapcount = 0xffffffff, refcount = 0;
    uint64_t pad2 = 0;
};
static_assert(sizeof(StructPage) == kStruct);

class BenchMap {
  public:
    BenchMap(uint64_t bytes, uint64_t mapped, bool is_fragmented)
        : memory_(std::make_shared<BenchMemory>(bytes)), mapped_(mapped) {
        map_image();
        map_sections();
        is_fragmented ? fill_by_pages() : fill_by_blocks();
    }

    std::string vmcoreinfo() const {
        return "OSRELEASE=6.12.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff80400000\n"
               "OFFSET(uts_namespace.name)=0\nSYMBOL(_stext)=ffffffff80600000\n"
               "SYMBOL(init_top_pgt)=ffffffff80001000\nNUMBER(phys_base)=0\n"
               "SYMBOL(mem_section)=ffffffff80410000\nLENGTH(mem_section)=2048\n"
               "SIZE(mem_section)=16\nOFFSET(mem_section.section_mem_map)=0\n"
               "NUMBER(SECTION_SIZE_BITS)=27\nNUMBER(MAX_PHYSMEM_BITS)=46\nSIZE(page)=64\n"
               "OFFSET(page.flags)=0\nOFFSET(page._refcount)=52\nOFFSET(page.mapping)=24\n"
               "OFFSET(page._mapcount)=48\nOFFSET(page.private)=40\n"
               "OFFSET(page.compound_head)=8\nLENGTH(zone.free_area)=11\nNUMBER(PG_lru)=5\n"
               "NUMBER(PG_private)=14\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\n"
               "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\nNUMBER(PG_hwpoison)=20\n"
               "NUMBER(PG_head_mask)=64\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\n"
               "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n"
               "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\n";
    }

    std::shared_ptr<const BenchMemory> memory() const { return memory_; }

  private:
    uint64_t new_table() {
        const uint64_t table = next_table_;
        next_table_ += kPage;
        if (next_table_ > kData) std::abort();
        return table;
    }

    /// The tables' entry for @virt that maps 2 MiB.
    void map_large(uint64_t virt, uint64_t phys) {
        uint64_t table = kTop;
        for (unsigned shift : {39u, 30u}) {
            uint64_t& next = tables_[{table, virt >> shift}];
            if (next == 0) {
                next = new_table();
                memory_->put(table + 8 * (virt >> shift & 511), next | kPresent);
            }
            table = next;
        }
        memory_->put(table + 8 * (virt >> 21 & 511), phys | kLargePage);
    }

    void map_image() {
        for (uint64_t at = 0; at < 8 * kLarge; at += kLarge) map_large(kImage + at, at);
        memory_->put_text(kNames + 130, "6.12.0");
    }

    void map_sections() {
        for (uint64_t section = 0; section < mapped_ / kSection; ++section) {
            const uint64_t root = section / kSectionsPerRoot;
            memory_->put(kRoots + 8 * root, kImage + kSections + root * kPage);
            memory_->put(kSections + section * kSectionBytes, kMap | 7);
        }
        const uint64_t bytes = mapped_ / kPage * kStruct;
        for (uint64_t at = 0; at < bytes; at += kLarge) map_large(kMap + at, kMapAt + at);
        first_ = (kMapAt + bytes) / kPage;  // pages before are the kernel's own
        first_ = (first_ + 1023) / 1024 * 1024;
        for (uint64_t pfn = 0; pfn < first_; ++pfn) put(pfn, {.refcount = 1});
    }

    void put(uint64_t pfn, const StructPage& page) {
        memory_->put_text(kMapAt + pfn * kStruct,
                          {reinterpret_cast<const char*>(&page), sizeof page});
    }

    void fill_by_blocks() {
        for (uint64_t pfn = first_; pfn < mapped_ / kPage; pfn += 1024) {
            const bool is_free = pfn / 1024 % 4 != 0;
            put(pfn, is_free ? StructPage{.data = 10, .mapcount = 0xf0000000}
                             : StructPage{.flags = 1 << 5, .refcount = 1});
            const StructPage rest =
                is_free ? StructPage{} : StructPage{.flags = 1 << 5, .mapping = 1, .mapcount = 0};
            for (uint64_t i = 1; i < 1024; ++i) put(pfn + i, rest);
        }
    }

    void fill_by_pages() {
        std::mt19937_64 random(1);
        const StructPage kinds[] = {{.mapcount = 0xf0000000},
                                    {.refcount = 1},
                                    {.flags = 1 << 5, .refcount = 1},
                                    {.flags = 1 << 5, .mapping = 1, .mapcount = 0, .refcount = 1}};
        for (uint64_t pfn = first_; pfn < mapped_ / kPage; ++pfn) put(pfn, kinds[random() % 4]);
    }

    struct Slot {
        uint64_t table, index;
        auto operator<=>(const Slot&) const = default;
    };
    std::shared_ptr<BenchMemory> memory_;
    uint64_t mapped_, first_ = 0, next_table_ = kTables;
    std::map<Slot, uint64_t> tables_;
};

uint64_t peak_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

/// Of all threads until now.
double processor_milliseconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

target_i386::Registers registers() {
    target_i386::Registers registers;
    registers.cr0 = target_i386::kCr0Paging | target_i386::kCr0ProtectedMode;
    registers.cr3 = kTop;
    registers.cr4 = target_i386::kCr4Pae;
    registers.efer = target_i386::kEferLongModeActive;
    registers.cs.selector = 0x33;
    return registers;
}

Result<> run(const BenchMap& map, unsigned threads) {
    guest::GuestPhysBlockList blocks;
    TRY(blocks.add({{Gpa{0}, map.memory()->size()}, map.memory()}));
    const guest::RamSource source(blocks);
    const linux_guest::Vmcoreinfo vmcoreinfo(map.vmcoreinfo());
    const std::vector cpus{target_i386::make_cpu(registers())};
    const linux_guest::PageFilterInput input{.memory = source,
                                             .arch = guest::ArchDumpInfo(),
                                             .cpus = cpus,
                                             .vmcoreinfo = vmcoreinfo,
                                             .left_out = {},
                                             .vmcoreinfo_at = {},
                                             .threads = threads,
                                             .cancellation = util::Cancellation(),
                                             .progress = {}};
    guest::PageSet pages = guest::PageSet::of(blocks, kPage);
    const uint64_t before = peak_bytes();
    const double busy_before = processor_milliseconds();
    const auto start = std::chrono::steady_clock::now();
    const auto report =
        TRY(linux_guest::filter_pages(input, *linux_guest::Exclusion::of_level(31), pages));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!report.trusted) return Error::make("%s", report.reason.c_str());
    std::printf("%.2f %.2f %" PRIu64 " %.1f\n", took.count(),
                processor_milliseconds() - busy_before, report.excluded,
                static_cast<double>(peak_bytes() - before) / (1 << 20));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s GIB MAPPED_GIB THREADS even|fragmented\n", argv[0]);
        return EXIT_FAILURE;
    }
    const auto number = [argv](int index) { return std::strtoull(argv[index], nullptr, 10); };
    const BenchMap map(number(1) * kGib, number(2) * kGib,
                       std::string_view(argv[4]) == "fragmented");
    const Result<> done = run(map, static_cast<unsigned>(number(3)));
    if (done) return EXIT_SUCCESS;
    std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return EXIT_FAILURE;
}
