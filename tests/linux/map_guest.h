// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "guest/page_set.h"
#include "linux/page_filter.h"
#include "tests/linux/test_kernel.h"

namespace guestdump::linux_guest {

/// A Linux guest of 32 MiB, two sections of memory, whose memory map a test writes. Initially all
/// pages belong to the kernel, and the guest passes all checks.
class MapGuest {
  public:
    static constexpr uint64_t kPages = 8192;  ///< pages of memory
    static constexpr uint64_t kSectionPages = 4096;
    static constexpr uint64_t kText = 0xffffffff81000000;  ///< _stext, at kTextPhys
    static constexpr uint64_t kTextPhys = 0x200000;
    static constexpr uint64_t kMap = 0xffffea0000000000;  ///< struct page of page 0
    static constexpr uint64_t kMapPhys = 0x400000;
    static constexpr uint64_t kDirect = 0xffff888000000000;  ///< maps all memory from 0 on
    static constexpr uint64_t kStruct = 64;                  ///< SIZE(page)
    // Addresses of variables in the kernel's image.
    static constexpr uint64_t kNames = kText + 0x1000, kNodes = kText + 0x2000;
    static constexpr uint64_t kRoots = kText + 0x3000, kSections = kText + 0x4000;
    static constexpr uint64_t kNode = kText + 0x5000;
    static constexpr uint64_t kFreeCounter = kNode + 0x100 + 0x40;  ///< free pages of zone 0

    /// Fields of a struct page. The offsets are those of Linux 6.1 and 6.12.
    struct Page {
        uint64_t flags = 0, mapping = 0, private_data = 0, compound_head = 0;
        uint32_t mapcount = 0xffffffff, refcount = 1;
    };

    // Numbers of flags in Linux 6.12.
    static constexpr uint64_t kLru = 1 << 5, kPrivate = 1 << 14, kSwapCache = 1 << 10;
    static constexpr uint64_t kSwapBacked = 1 << 17, kPoison = 1 << 20, kHead = 1 << 6;
    // Types of pages in Linux 6.12.
    static constexpr uint32_t kBuddy = 0xf0000000, kOffline = 0xf1000000, kTable = 0xf2000000;
    static constexpr uint32_t kHugetlb = 0xf4000000, kSlab = 0xf5000000, kUnaccepted = 0xf7000000;

    /// The lines of VMCOREINFO that describe how a kernel marks pages: those of Linux 6.12 with
    /// PG_hwpoison and unaccepted memory.
    static const char* const kMarks;

    explicit MapGuest(const std::string& marks = kMarks);

    void set(uint64_t pfn, const Page& page);
    /// These three make 2^@order pages (head and tails) free, a process's, or page cache.
    void set_free(uint64_t pfn, unsigned order);
    void set_user(uint64_t pfn, unsigned order = 0, uint64_t more_flags = 0);
    void set_cache(uint64_t pfn, unsigned order = 0, uint64_t more_flags = 0);
    /// Makes a compound page with the head @head.
    void set_compound(uint64_t pfn, unsigned order, Page head);
    /// Sets the kernel's count of free pages.
    void count_free(uint64_t pages) { put64(kFreeCounter, pages); }

    /// Writes 8 bytes of kernel memory in the image.
    void put64(uint64_t virt, uint64_t value);
    void put_section(uint64_t section, uint64_t map) { put64(kSections + 16 * section, map); }

    TestKernel& kernel() { return kernel_; }
    const TestKernel& kernel() const { return kernel_; }
    support::ScriptedRam& ram() { return *ram_; }
    target_i386::Registers registers() const;
    std::vector<target_i386::Registers> more_cpus;  ///< vCPUs after the first
    target_i386::Registers first_cpu;               ///< initially in user mode

    /// Calls filter_pages() for this guest.
    Result<PageFilterReport> filter(const Exclusion& exclusion, guest::PageSet& pages,
                                    unsigned threads = 1) const;
    guest::PageSet all_pages() const;

  private:
    void put(uint64_t phys, uint64_t value, size_t size);

    TestKernel kernel_;
    support::ScriptedRam* ram_;  ///< from TestKernel::kTablesEnd on
};

/// The pages of [0, MapGuest::kPages) that are not in @pages.
std::vector<uint64_t> lacking(const guest::PageSet& pages);

}  // namespace guestdump::linux_guest
