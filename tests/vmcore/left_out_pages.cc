// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "vmcore/inspect/page_use.h"

/// left-out-pages FILE LEVEL [THREADS]: prints what page filtering says of a vmcore, for tests that
/// compare it with other programs: "KEY VALUE" lines, then a line "FIRST END" of decimal page
/// numbers for each run of pages that is left out. Exits with 2 if the pages cannot be judged.

namespace guestdump::vmcore {
namespace {

/// The pages of @all that are not in @left, run by run.
void print_left_out(const guest::PageSet& all, const guest::PageSet& left) {
    for (auto run = all.next_run(0); run; run = all.next_run(run->end)) {
        for (uint64_t pfn = run->first; pfn < run->end;) {
            const auto kept = left.next_run(pfn);
            const uint64_t end = kept ? std::min(kept->first, run->end) : run->end;
            if (pfn < end) std::printf("%" PRIu64 " %" PRIu64 "\n", pfn, end);
            pfn = kept ? std::min(std::max(kept->end, end), run->end) : run->end;
        }
    }
}

Result<int> run(const char* path, uint32_t level, unsigned threads) {
    const auto exclusion = linux_guest::Exclusion::of_level(level);
    if (!exclusion) return Error::make("level %u", level);
    const auto vmcore = TRY(Vmcore::open(path));
    const guest::PageSet all = guest::PageSet::of(vmcore->blocks(), 4096);
    guest::PageSet left = TRY(all.copy());
    const auto start = std::chrono::steady_clock::now();
    const auto report = TRY(page_use(*vmcore, *exclusion, left, threads));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!report.trusted) {
        std::printf("reason %s\n", report.reason.c_str());
        return 2;
    }
    for (size_t i = 0; i < linux_guest::kPageClasses; ++i) {
        const auto page_class = static_cast<linux_guest::PageClass>(i);
        std::printf("%s %" PRIu64 "\n", std::string(name_of(page_class)).c_str(),
                    report.counts[page_class]);
    }
    std::printf("excluded %" PRIu64 "\nunmapped %" PRIu64 "\nuncovered %" PRIu64
                "\nrejected %" PRIu64 "\nfree-by-kernel %" PRIu64 "\nmilliseconds %.2f\nruns\n",
                report.excluded, report.unmapped, report.uncovered, report.rejected,
                report.free_by_kernel, took.count());
    print_left_out(all, left);
    return 0;
}

}  // namespace
}  // namespace guestdump::vmcore

int main(int argc, char** argv) {
    if (argc < 3) return 1;
    const auto number = [](const char* text) {
        return static_cast<unsigned>(std::strtoul(text, nullptr, 10));
    };
    const auto done =
        guestdump::vmcore::run(argv[1], number(argv[2]), argc > 3 ? number(argv[3]) : 1);
    if (done) return *done;
    std::fprintf(stderr, "%s\n", done.error().message().c_str());
    return 1;
}
